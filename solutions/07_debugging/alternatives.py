"""Right answers to the exercises of lesson 07, written differently; the judge must accept each."""

import math

import numpy as np
import torch

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("7.2")
def sqnr_in_a_loop(reference, back):
    signal = noise = 0.0
    for real, other in zip(reference.ravel().tolist(), back.ravel().tolist(), strict=True):
        signal += real * real
        noise += (other - real) ** 2
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


@accepts("7.2")
def sqnr_by_norms(reference, back):
    noise = np.linalg.norm((back - reference).ravel())
    if noise == 0:
        return float("inf")
    return 20 * np.log10(np.linalg.norm(reference.ravel()) / noise)


@accepts("7.2")
def sqnr_by_means(reference, back):
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.mean(reference**2) / np.mean((reference - back) ** 2))


@accepts("7.2")
def sqnr_in_torch(reference, back):
    real, other = (torch.from_numpy(x).double() for x in (reference, back))
    return 10 * torch.log10(real.square().sum() / (real - other).square().sum())


@accepts("7.3")
def suspects_in_a_loop(alone, gap):
    ordered = sorted(float(db) for db in alone)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    found = [(db, place) for place, db in enumerate(alone) if median - db >= gap]
    return [place for _, place in sorted(found)]


@accepts("7.3")
def suspects_cut_from_the_order(alone, gap):
    order = np.argsort(alone)
    return order[: int((alone <= np.median(alone) - gap).sum())]


@accepts("7.3")
def suspects_by_percentile(alone, gap):
    below = np.percentile(alone, 50) - alone >= gap
    places = np.flatnonzero(below)
    return places[np.argsort(alone[places])].tolist()


@accepts("7.3")
def suspects_in_torch(alone, gap):
    values = torch.from_numpy(np.asarray(alone))
    limit = values.quantile(0.5) - gap
    order = torch.argsort(values)
    return order[values[order] <= limit]


@accepts("7.5")
def line_through_two_pixels(a, b):
    i, j = int(a.argmin()), int(a.argmax())
    gain = float(b.flat[j] - b.flat[i]) / float(a.flat[j] - a.flat[i])
    return gain, float(b.flat[i]) - gain * float(a.flat[i])


@accepts("7.5")
def line_by_polyfit(a, b):
    return tuple(np.polyfit(a.ravel(), b.ravel(), 1))


@accepts("7.5")
def line_by_covariance(a, b):
    x, y = a.ravel().astype(float), b.ravel().astype(float)
    gain = np.cov(x, y)[0, 1] / x.var(ddof=1)
    return [gain, y.mean() - gain * x.mean()]


@accepts("7.5")
def line_in_torch(a, b):
    x = torch.stack([torch.from_numpy(a).flatten(), torch.ones(a.size)], dim=1).double()
    y = torch.from_numpy(b).flatten().double()
    gain, offset = torch.linalg.lstsq(x, y[:, None]).solution.flatten()
    return float(gain), float(offset)


@accepts("7.6")
def clipped_in_a_loop(x, scale, zero_point):
    beyond = 0
    for value in x.ravel().tolist():
        place = value / scale + zero_point
        beyond += place < -0.5 or place > 255.5
    return beyond / x.size


@accepts("7.6")
def clipped_between_two_reals(x, scale, zero_point):
    low, high = (-zero_point - 0.5) * scale, (255 - zero_point + 0.5) * scale
    return 1 - np.mean((x >= low) & (x <= high))


@accepts("7.6")
def clipped_by_the_way_back(x, scale, zero_point):
    q = np.clip(np.rint(x / scale) + zero_point, 0, 255)
    error = np.abs((q - zero_point) * scale - x)
    return np.count_nonzero(error > 0.51 * scale) / x.size


@accepts("7.6")
def clipped_in_torch(x, scale, zero_point):
    place = torch.from_numpy(x).double() / scale + zero_point
    return ((place < -0.5) | (place > 255.5)).double().mean()


@accepts("7.7")
def on_by_a_set(shape, scales):
    different = {float(s) for s in np.ravel(scales)}
    return bool(np.size(scales) == shape[0] and (len(different) > 1 or shape[0] == 1))


@accepts("7.7")
def on_by_the_spread(shape, scales):
    listed = np.atleast_1d(scales)
    if len(listed) != shape[0]:
        return False
    return shape[0] == 1 or bool(listed.max() > listed.min())


@accepts("7.7")
def on_in_a_loop(shape, scales):
    listed = np.ravel(scales).tolist()
    if len(listed) != shape[0]:
        return False
    return len(listed) == 1 or any(s != listed[0] for s in listed)


@accepts("7.7")
def on_in_torch(shape, scales):
    listed = torch.from_numpy(np.atleast_1d(scales))
    return len(listed) == shape[0] and (shape[0] == 1 or len(torch.unique(listed)) > 1)


@accepts("7.9")
def first_in_float():
    return Plan(Recipe(weights=Rule("int4"), keep_float=("enter.0",)), Calibration(8))


@accepts("7.9")
def first_and_last_in_eight_bits():
    eight = Rule("int8")
    recipe = Recipe(weights=Rule("int4"), layers={"enter.0": eight, "head": eight})
    return Plan(recipe, Calibration(8))


@accepts("7.9")
def first_in_eight_bits_and_smallest_to_largest():
    recipe = Recipe(
        weights=Rule("int4", "symmetric", "per-channel"),
        activations=Rule(observer="minmax"),
        layers={"enter.0": Rule("int8")},
    )
    return Plan(recipe, Calibration(8))


@accepts("7.9")
def with_bias_correction():
    recipe = Recipe(weights=Rule("int4"), keep_float=("enter.0",), bias_correction="empirical")
    return Plan(recipe, Calibration(8))
