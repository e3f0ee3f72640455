"""Right answers to the exercises of lesson 01, written differently; the judge must accept each."""

import math

import numpy as np

from autograder.authoring.alternatives import accepts


@accepts("1.2")
def ruler_with_branches(lo, hi):
    if lo > 0:
        lo = 0.0
    elif hi < 0:
        hi = 0.0
    width = hi - lo
    return width / 255, round(-lo * 255 / width)


@accepts("1.2")
def ruler_in_float32(lo, hi):
    ends = np.array([lo, 0.0, hi], dtype=np.float32)
    scale = (ends.max() - ends.min()) / np.float32(255)
    return scale, np.rint(-ends.min() / scale).astype(np.uint8)


@accepts("1.2")
def ruler_counted_from_the_upper_end(lo, hi):
    lo, hi = sorted([min(lo, 0), max(hi, 0)])
    scale = (hi - lo) / (2**8 - 1)
    return scale, 255 - round(hi / scale)


@accepts("1.2")
def ruler_in_torch(lo, hi):
    import torch

    ends = torch.tensor([lo, 0.0, hi], dtype=torch.float64)
    scale = (ends.max() - ends.min()) / 255
    return scale.item(), int(torch.round(-ends.min() / scale))


@accepts("1.2")
def ruler_by_linspace(lo, hi):
    ticks = np.linspace(min(lo, 0.0), max(hi, 0.0), 256)
    return [ticks[1] - ticks[0], int(np.argmin(np.abs(ticks)))]


@accepts("1.3")
def ticks_one_by_one(x, scale, zero_point):
    flat = []
    for value in x.ravel():
        tick = round(float(value) / scale) + zero_point  # Python's round is half to even too
        flat.append(min(max(tick, 0), 255))
    return np.array(flat, dtype=np.uint8).reshape(x.shape)


@accepts("1.3")
def ticks_clamped_with_where(x, scale, zero_point):
    steps = np.round(x / np.float32(scale)).astype(np.int64) + zero_point
    steps = np.where(steps < 0, 0, steps)
    return np.where(steps > 255, 255, steps).astype("uint8")


@accepts("1.3")
def ticks_clamped_before_zero_point_with_moved_ends(x, scale, zero_point):
    steps = np.clip(np.rint(x / scale), 0 - zero_point, 255 - zero_point)
    return np.uint8(steps + zero_point)


@accepts("1.3")
def ticks_in_torch(x, scale, zero_point):
    import torch

    steps = torch.round(torch.as_tensor(x) / scale) + zero_point
    return steps.clamp(0, 255).to(torch.uint8)


@accepts("1.3")
def ticks_with_minimum_and_maximum(x, scale, zero_point):
    tick = np.rint(np.asarray(x, dtype=np.float64) / scale) + zero_point
    return np.maximum(np.minimum(tick, 255), 0).astype(np.uint8)


@accepts("1.4")
def reals_in_python_floats(q, scale, zero_point):
    flat = [(int(tick) - zero_point) * scale for tick in q.ravel()]
    return np.array(flat).reshape(q.shape)


@accepts("1.4")
def reals_from_integers(q, scale, zero_point):
    return np.float32(scale) * (q.astype(np.int16) - np.int16(zero_point))


@accepts("1.4")
def reals_with_the_product_expanded(q, scale, zero_point):
    return q.astype(np.float32) * np.float32(scale) - np.float32(zero_point) * np.float32(scale)


@accepts("1.4")
def reals_from_a_table(q, scale, zero_point):
    every_tick = np.array([scale * (tick - zero_point) for tick in range(256)])
    return every_tick[q]


@accepts("1.4")
def reals_in_torch(q, scale, zero_point):
    import torch

    return (torch.from_numpy(q).float() - zero_point) * scale


@accepts("1.5")
def worst_of_a_loop(x, scale, zero_point):
    worst = 0.0
    for value in x.ravel():
        value = float(value)
        tick = min(max(round(value / scale) + zero_point, 0), 255)
        worst = max(worst, abs(scale * (tick - zero_point) - value))
    return worst


@accepts("1.5")
def worst_by_clipping_the_steps(x, scale, zero_point):
    steps = np.clip(np.rint(x / np.float32(scale)), -zero_point, 255 - zero_point)
    return np.linalg.norm((steps * np.float32(scale) - x).ravel(), ord=np.inf)


@accepts("1.5")
def worst_as_the_distance_to_the_nearest_tick(x, scale, zero_point):
    ticks = scale * (np.arange(256) - zero_point)
    distances = np.abs(x.ravel()[:, None].astype(np.float64) - ticks[None, :])
    return float(distances.min(axis=1).max())


@accepts("1.5")
def worst_in_torch(x, scale, zero_point):
    import torch

    x = torch.from_numpy(x)
    q = (torch.round(x / scale) + zero_point).clamp(0, 255)
    return ((q - zero_point) * scale - x).abs().max().item()


@accepts("1.6")
def farthest_of_both_ends(w):
    return max(w.max(), -w.min()) / 127


@accepts("1.6")
def farthest_in_a_loop(w):
    farthest = 0.0
    for weight in w.ravel():
        if abs(weight) > farthest:
            farthest = abs(float(weight))
    return farthest / (2**7 - 1)


@accepts("1.6")
def farthest_by_norm(w):
    return float(np.linalg.norm(w.ravel(), ord=np.inf)) / 127


@accepts("1.6")
def farthest_in_torch(w):
    import torch

    return torch.from_numpy(w).abs().max() / 127


@accepts("1.6")
def farthest_by_squares(w):
    return math.sqrt(float(np.max(w.astype(np.float64) ** 2))) / 127


@accepts("1.8")
def any_ruler_from_qmin_and_qmax(lo, hi, bits, signed):
    qmin, qmax = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    scale = (hi - lo) / (qmax - qmin)
    return scale, int(np.rint(qmin - lo / scale))


@accepts("1.8")
def any_ruler_shifted(lo, hi, bits, signed):
    steps = (1 << bits) - 1
    scale = (hi - lo) / steps
    zero_point = round(-lo / scale)
    if signed:
        zero_point -= 1 << (bits - 1)
    return scale, zero_point


@accepts("1.8")
def any_ruler_from_numpy_types(lo, hi, bits, signed):
    if bits == 4:
        qmin, qmax = (-8, 7) if signed else (0, 15)
    else:
        kind = np.iinfo(f"{'int' if signed else 'uint'}{bits}")
        qmin, qmax = kind.min, kind.max
    scale = (hi - lo) / (qmax - qmin)
    return scale, qmax - round(hi / scale)


@accepts("1.8")
def any_ruler_in_torch(lo, hi, bits, signed):
    import torch

    lo, hi = torch.tensor(lo, dtype=torch.float64), torch.tensor(hi, dtype=torch.float64)
    scale = (hi - lo) / (2**bits - 1)
    qmin = -(2 ** (bits - 1)) if signed else 0
    return scale.item(), int(torch.round(qmin - lo / scale))
