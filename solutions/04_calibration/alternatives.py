"""Right answers to the exercises of lesson 04, written differently; the judge must accept each."""

import numpy as np

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("4.2")
def range_one_value_at_a_time(seen, batch):
    lo, hi = seen if seen is not None else (float("inf"), float("-inf"))
    for value in batch.ravel().tolist():
        lo = value if value < lo else lo
        hi = value if value > hi else hi
    return lo, hi


@accepts("4.2")
def range_of_everything_together(seen, batch):
    values = np.concatenate([np.float32(seen or ()), batch.reshape(-1)])
    return values.min(), values.max()


@accepts("4.2")
def range_in_torch(seen, batch):
    import torch

    ends = torch.aminmax(torch.as_tensor(batch))
    pair = [float(ends.min), float(ends.max)]
    return pair if seen is None else [min(seen[0], pair[0]), max(seen[1], pair[1])]


@accepts("4.2")
def range_from_sorted_values(seen, batch):
    ordered = sorted([*(seen or ()), *batch.ravel().tolist()])
    return ordered[0], ordered[-1]


@accepts("4.3")
def middle_with_quantile(x, percentile):
    cut = (1 - percentile / 100) / 2
    return np.quantile(x, cut), np.quantile(x, 1 - cut)


@accepts("4.3")
def middle_by_sorting(x, percentile):
    ordered = np.sort(x.astype(np.float64), axis=None)
    places = np.array([50 - percentile / 2, 50 + percentile / 2]) / 100 * (x.size - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, x.size - 1)
    lo, hi = ordered[below] + (places - below) * (ordered[above] - ordered[below])
    return float(lo), float(hi)


@accepts("4.3")
def middle_in_torch(x, percentile):
    import torch

    cut = (100 - percentile) / 200
    ends = torch.quantile(torch.from_numpy(x).flatten(), torch.tensor([cut, 1 - cut]))
    return ends[0].item(), ends[1].item()


@accepts("4.3")
def middle_by_interpolating(x, percentile):
    flat = sorted(x.ravel().tolist())
    at = np.linspace(0, 100, len(flat))
    return tuple(np.interp([50 - percentile / 2, 50 + percentile / 2], at, flat))


@accepts("4.4")
def cost_in_a_loop(x, hi, bits):
    last = 2**bits - 1
    total = 0.0
    for value in x.ravel().tolist():
        tick = min(round(value * last / hi), last)
        total += (tick * hi / last - value) ** 2
    return total / x.size


@accepts("4.4")
def cost_in_float32(x, hi, bits):
    scale = np.float32(hi / (2**bits - 1))
    back = np.minimum(np.rint(x / scale), np.float32(2**bits - 1)) * scale
    return np.mean(np.square(back - x), dtype=np.float64)


@accepts("4.4")
def cost_by_the_nearest_of_all_ticks(x, hi, bits):
    ticks = np.linspace(0.0, hi, 2**bits)
    return float((np.abs(x.reshape(-1, 1) - ticks).min(axis=1) ** 2).mean())


@accepts("4.4")
def cost_in_torch(x, hi, bits):
    import torch

    x, scale = torch.from_numpy(x).double(), hi / (2**bits - 1)
    back = torch.round(torch.clamp(x, max=hi) / scale) * scale
    return torch.nn.functional.mse_loss(back, x).item()


@accepts("4.5")
def cheapest_in_a_loop(x, bits, candidates):
    best, least = None, float("inf")
    for hi in sorted(candidates):
        cost = cost_by_the_nearest_of_all_ticks(x, hi, bits)
        if cost <= least:
            best, least = hi, cost
    return best


@accepts("4.5")
def cheapest_by_argmin(x, bits, candidates):
    order = sorted(candidates, reverse=True)
    return order[int(np.argmin([cost_in_a_loop(x, hi, bits) for hi in order]))]


@accepts("4.5")
def cheapest_by_sorting_pairs(x, bits, candidates):
    return -min((cost_in_torch(x, hi, bits), -hi) for hi in candidates)[1]


@accepts("4.5")
def cheapest_of_all_at_once(x, bits, candidates):
    ends = np.sort(np.asarray(candidates, dtype=np.float64))[::-1].reshape(-1, 1)
    scale = ends / (2**bits - 1)
    back = np.minimum(np.rint(x.reshape(1, -1) / scale), 2**bits - 1) * scale
    return ends[np.argmin(((back - x.reshape(1, -1)) ** 2).mean(axis=1)), 0]


@accepts("4.7")
def share_in_a_loop(lo, hi, fresh):
    beyond = 0
    for value in fresh.ravel().tolist():
        if not lo <= value <= hi:
            beyond += 1
    return beyond / fresh.size


@accepts("4.7")
def share_by_clipping(lo, hi, fresh):
    return np.count_nonzero(np.clip(fresh, lo, hi) != fresh) / fresh.size


@accepts("4.7")
def share_as_two_sums(lo, hi, fresh):
    return float(np.sum(fresh < lo) + np.sum(fresh > hi)) / fresh.size


@accepts("4.7")
def share_in_torch(lo, hi, fresh):
    import torch

    x = torch.from_numpy(fresh)
    return ((x < lo) | (x > hi)).double().mean().item()


@accepts("4.8")
def plan_with_more_scenes():
    return Plan(Recipe(activations=Rule(observer="minmax")), Calibration(32))


@accepts("4.8")
def plan_that_clips_one_in_100_000():
    return Plan(Recipe(), Calibration(16))


@accepts("4.8")
def plan_with_the_mse_observer():
    return Plan(Recipe(activations=Rule(observer="mse")), Calibration(16))


@accepts("4.8")
def plan_with_a_moving_average():
    return Plan(Recipe(activations=Rule(observer="moving_average")), Calibration(32))
