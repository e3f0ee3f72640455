"""Right answers to the exercises of lesson 08, written differently; the judge must accept each."""

import numpy as np
import torch

from autograder.authoring.alternatives import accepts
from quantlab.methods import LearnedRounding, Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("8.2")
def gradient_in_a_loop(x, scale, lo, hi, above):
    out = np.zeros(x.size, np.float32)
    scales = np.broadcast_to(scale, x.shape).ravel()
    for at, (value, step, push) in enumerate(zip(x.ravel(), scales, above.ravel(), strict=True)):
        q = round(float(value) / float(step))
        out[at] = push if lo <= q <= hi else 0.0
    return out.reshape(x.shape)


@accepts("8.2")
def gradient_by_choosing(x, scale, lo, hi, above):
    q = np.round(x / scale)
    return np.where((q < lo) | (q > hi), 0, above)


@accepts("8.2")
def gradient_where_nothing_was_clipped(x, scale, lo, hi, above):
    q = np.rint(x / scale)
    pushed = above.copy()
    pushed[np.clip(q, lo, hi) != q] = 0
    return pushed


@accepts("8.2")
def gradient_by_autograd(x, scale, lo, hi, above):
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    with torch.no_grad():
        q = (leaf / torch.as_tensor(scale)).round()
    y = torch.where((q >= lo) & (q <= hi), leaf, leaf.detach())
    y.backward(torch.from_numpy(above))
    return leaf.grad


@accepts("8.3")
def step_in_loops(x, w, target, scale, lo, hi, rate):
    q = [round(float(v) / scale) for v in w]
    seen = [max(lo, min(hi, tick)) * scale for tick in q]
    new = []
    for j in range(len(w)):
        slope = 0.0
        for row, t in zip(x, target, strict=True):
            y = sum(float(a) * b for a, b in zip(row, seen, strict=True))
            slope += 2 * (y - float(t)) * float(row[j]) / len(x)
        new.append(float(w[j]) - (rate * slope if lo <= q[j] <= hi else 0))
    return new


@accepts("8.3")
def step_by_autograd(x, w, target, scale, lo, hi, rate):
    leaf = torch.from_numpy(w.copy()).requires_grad_()
    y = torch.fake_quantize_per_tensor_affine(leaf, scale, 0, lo, hi)
    loss = ((torch.from_numpy(x) @ y - torch.from_numpy(target)) ** 2).mean()
    loss.backward()
    return (leaf - rate * leaf.grad).detach()


@accepts("8.3")
def step_with_detach(x, w, target, scale, lo, hi, rate):
    leaf = torch.from_numpy(w.copy()).requires_grad_()
    on = leaf.clamp((lo - 0.5) * scale, (hi + 0.5) * scale)
    tick = (leaf.detach() / scale).round().clamp(lo, hi) * scale
    missed = torch.from_numpy(x) @ (on + (tick - on).detach()) - torch.from_numpy(target)
    missed.square().mean().backward()
    with torch.no_grad():
        return leaf - rate * leaf.grad


@accepts("8.3")
def step_in_float64(x, w, target, scale, lo, hi, rate):
    x, wide = x.astype(np.float64), w.astype(np.float64)
    ticks = np.rint(wide / scale)
    inside = np.clip(ticks, lo, hi) == ticks
    missed = np.einsum("nk,k->n", x, np.clip(ticks, lo, hi) * scale) - target
    slope = np.mean(2 * missed[:, None] * x, axis=0)
    wide[inside] -= rate * slope[inside]
    return wide


@accepts("8.4")
def scale_gradient_in_a_loop(x, scale, lo, hi, above):
    total = 0.0
    for value, push in zip(x.ravel(), above.ravel(), strict=True):
        steps = float(value) / scale
        q = round(steps)
        if q < lo:
            total += float(push) * lo
        elif q > hi:
            total += float(push) * hi
        else:
            total += float(push) * (q - steps)
    return total


@accepts("8.4")
def scale_gradient_by_detach(x, scale, lo, hi, above):
    s = torch.tensor(float(scale), requires_grad=True)
    steps = torch.from_numpy(x) / s
    whole = steps + (steps.round() - steps).detach()
    y = torch.where(whole < lo, float(lo), torch.where(whole > hi, float(hi), whole)) * s
    y.backward(torch.from_numpy(above))
    return s.grad


@accepts("8.4")
def scale_gradient_in_two_parts(x, scale, lo, hi, above):
    q = np.rint(x / scale)
    low, high = q < lo, q > hi
    inside = ~(low | high)
    ends = lo * above[low].sum() + hi * above[high].sum()
    return ends + (above[inside] * (q[inside] - x[inside] / scale)).sum()


@accepts("8.4")
def scale_gradient_as_a_dot_product(x, scale, lo, hi, above):
    steps = (x / scale).astype(np.float64).ravel()
    q = np.clip(np.round(steps), lo, hi)
    return above.ravel() @ (q - steps * (q == np.round(steps)))


@accepts("8.4")
def scale_gradient_of_torchs_kernel(x, scale, lo, hi, above):
    s = torch.tensor([float(scale)], requires_grad=True)
    y = torch._fake_quantize_learnable_per_tensor_affine(
        torch.from_numpy(x), s, torch.zeros(1), lo, hi, 1.0
    )
    y.backward(torch.from_numpy(above))
    return s.grad[0]


THREE = Rule("int3", "symmetric", "per-tensor")


@accepts("8.6")
def with_other_rulers():
    weights = Rule("int3", "symmetric", "per-tensor", "mse")
    return Plan(Recipe(weights=weights, bias_correction="empirical"), Calibration(100))


@accepts("8.6")
def with_fewer_pictures():
    return Plan(Recipe(weights=THREE, bias_correction="empirical"), Calibration(50))


@accepts("8.6")
def with_learned_rounding():
    return Plan(Recipe(weights=THREE, learned_rounding=LearnedRounding(steps=30)), Calibration(60))


@accepts("8.6")
def with_the_defaults_spelled_out():
    recipe = Recipe(
        weights=THREE,
        activations=Rule("uint8", "asymmetric", "per-tensor"),
        bias_correction="empirical",
    )
    return Plan(recipe, Calibration(100))
