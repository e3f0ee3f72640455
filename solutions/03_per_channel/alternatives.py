"""Right answers to the exercises of lesson 03, written differently; the judge must accept each."""

import numpy as np
import torch

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("3.2")
def scales_in_a_loop(w):
    scales = []
    for channel in w:
        farthest = max(abs(float(v)) for v in channel.ravel())
        scales.append(farthest / 127 if farthest else 1.0)
    return np.array(scales)


@accepts("3.2")
def scales_over_axes(w):
    farthest = np.max(np.abs(w), axis=tuple(range(1, w.ndim)))
    scales = farthest / np.float32(127)
    scales[farthest == 0] = 1
    return scales


@accepts("3.2")
def scales_from_both_ends(w):
    rows = w.reshape(w.shape[0], -1)
    farthest = np.maximum(rows.max(axis=1), -rows.min(axis=1)).astype(np.float64)
    return np.where(farthest == 0, 127.0, farthest) / 127.0


@accepts("3.2")
def scales_in_torch(w):
    farthest = torch.from_numpy(w).flatten(1).abs().amax(dim=1)
    return torch.where(farthest > 0, farthest / 127, torch.ones_like(farthest))


@accepts("3.3")
def ticks_in_a_loop(w, scales):
    ticks = np.empty(w.shape, np.int8)
    for channel, scale in enumerate(scales):
        ticks[channel] = np.clip(np.rint(w[channel] / scale), -127, 127)
    return ticks


@accepts("3.3")
def ticks_in_python(w, scales):
    return np.array(
        [
            [max(-127, min(127, round(float(v) / float(scale)))) for v in channel.ravel()]
            for channel, scale in zip(w, scales, strict=True)
        ],
        dtype=np.int8,
    ).reshape(w.shape)


@accepts("3.3")
def ticks_with_the_channels_last(w, scales):
    steps = np.moveaxis(w, 0, -1) / scales
    return np.moveaxis(np.round(steps).clip(-127, 127), -1, 0).astype(np.int8)


@accepts("3.3")
def ticks_in_torch(w, scales):
    steps = torch.from_numpy(w) / torch.from_numpy(scales)[:, None, None, None]
    return steps.round().clamp(-127, 127).to(torch.int8)


@accepts("3.4")
def vanished_in_a_loop(w, bits):
    step = float(abs(w).max()) / (2 ** (bits - 1) - 1)
    gone = []
    for number, channel in enumerate(w):
        ticks = [round(float(v) / step) for v in channel.ravel()]
        if channel.any() and not any(ticks):
            gone.append(number)
    return gone


@accepts("3.4")
def vanished_by_half_a_step(w, bits):
    rows = np.abs(w).reshape(len(w), -1)
    farthest = rows.max(axis=1)
    half = rows.max() / (2**bits - 2)
    return [c for c in range(len(w)) if 0 < farthest[c] <= half]


@accepts("3.4")
def vanished_after_rounding(w, bits):
    rows = w.reshape(len(w), -1)
    q = np.rint(rows * ((1 << (bits - 1)) - 1) / np.abs(rows).max())
    return np.nonzero(rows.any(axis=1) & ~q.any(axis=1))[0]


@accepts("3.4")
def vanished_in_torch(w, bits):
    rows = torch.from_numpy(w).flatten(1)
    step = rows.abs().max() / (2 ** (bits - 1) - 1)
    quiet = ((rows / step).round() == 0).all(dim=1)
    return torch.nonzero(quiet & (rows != 0).any(dim=1)).flatten()


@accepts("3.6")
def what_a_recipe_fills_in():
    return Plan(Recipe(weights=Rule("int3")), Calibration(100))


@accepts("3.6")
def fewer_pictures():
    return Plan(Recipe(weights=Rule("int3")), Calibration(40))


@accepts("3.6")
def with_bias_correction():
    return Plan(Recipe(weights=Rule("int3"), bias_correction="empirical"), Calibration(100))


@accepts("3.6")
def with_one_more_bit():
    return Plan(Recipe(weights=Rule("int4", "symmetric")), Calibration(100))
