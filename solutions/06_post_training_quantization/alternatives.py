"""Right answers to the exercises of lesson 06, written differently; the judge must accept each."""

import itertools

import numpy as np

from autograder.authoring.alternatives import accepts
from quantlab.methods import LearnedRounding, Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("6.1")
def channel_by_channel(weight, bias, gamma, beta, mean, var, eps):
    w, b = weight.copy(), bias.copy()
    for m in range(len(bias)):
        factor = gamma[m] / (var[m] + eps) ** 0.5
        w[m] = weight[m] * factor
        b[m] = (bias[m] - mean[m]) * factor + beta[m]
    return w, b


@accepts("6.1")
def multiplied_out(weight, bias, gamma, beta, mean, var, eps):
    deviation = np.sqrt(var.astype(np.float64) + eps)
    flat = weight.reshape(len(weight), -1) * (gamma / deviation)[:, None]
    return flat.reshape(weight.shape), gamma * bias / deviation - gamma * mean / deviation + beta


@accepts("6.1")
def channels_last(weight, bias, gamma, beta, mean, var, eps):
    factor = gamma * (var + eps) ** -0.5
    return (weight.T * factor).T, beta + factor * (bias - mean)


@accepts("6.1")
def with_torch(weight, bias, gamma, beta, mean, var, eps):
    import torch

    w, b, g, shift, m, v = (torch.from_numpy(a) for a in (weight, bias, gamma, beta, mean, var))
    factor = g / torch.sqrt(v + eps)
    folded = torch.einsum("m...,m->m...", w, factor)
    return folded.numpy(), ((b - m) * factor + shift).numpy()


@accepts("6.2")
def roots_first(first, second):
    before = np.abs(first).reshape(len(first), -1).max(axis=1)
    behind = np.abs(second).transpose(1, 0, 2, 3).reshape(len(first), -1).max(axis=1)
    return before**0.5 / behind**0.5


@accepts("6.2")
def through_the_common_range(first, second):
    before = np.abs(first).max(axis=(1, 2, 3))
    common = np.sqrt(before * np.abs(second).max(axis=(0, 2, 3)))
    return before / common


@accepts("6.2")
def factors_in_a_loop(first, second):
    factors = []
    for i in range(first.shape[0]):
        r1 = max(first[i].max(), -first[i].min())
        r2 = max(second[:, i].max(), -second[:, i].min())
        factors.append((r1 / r2) ** 0.5)
    return np.array(factors)


@accepts("6.2")
def factors_with_torch(first, second):
    import torch

    before = torch.from_numpy(first).abs().amax(dim=(1, 2, 3))
    behind = torch.from_numpy(second).abs().amax(dim=(0, 2, 3))
    return torch.sqrt(before / behind).numpy()


@accepts("6.4")
def shift_by_einsum(weight, rounded, mean_input):
    return np.einsum("mchw,c->m", rounded - weight, mean_input)


@accepts("6.4")
def two_layers(weight, rounded, mean_input):
    after = rounded.sum(axis=(2, 3)) @ mean_input
    return after - weight.sum(axis=(2, 3)) @ mean_input


@accepts("6.4")
def shift_in_a_loop(weight, rounded, mean_input):
    shift = np.zeros(len(weight))
    for m, c, i, j in np.ndindex(weight.shape):
        shift[m] += (float(rounded[m, c, i, j]) - float(weight[m, c, i, j])) * float(mean_input[c])
    return shift


@accepts("6.4")
def shift_with_torch(weight, rounded, mean_input):
    import torch

    error = torch.from_numpy(rounded - weight).sum(dim=(2, 3))
    return (error @ torch.from_numpy(mean_input)).numpy()


@accepts("6.5")
def mean_of_the_gap(bias, floating, quantized):
    return bias + (floating - quantized).mean((0, 2, 3))


@accepts("6.5")
def bias_in_a_loop(bias, floating, quantized):
    gaps = [floating[:, m].mean() - quantized[:, m].mean() for m in range(len(bias))]
    return bias + np.array(gaps)


@accepts("6.5")
def mean_of_means(bias, floating, quantized):
    gap = np.mean(np.mean(np.mean(floating - quantized, axis=3), axis=2), axis=0)
    return gap + bias


@accepts("6.5")
def bias_with_torch(bias, floating, quantized):
    import torch

    f, q = torch.from_numpy(floating), torch.from_numpy(quantized)
    return (torch.from_numpy(bias) + f.mean(dim=(0, 2, 3)) - q.mean(dim=(0, 2, 3))).numpy()


@accepts("6.6")
def counts_in_binary(weights, inputs):
    n = len(weights)
    ups = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    choices = np.floor(weights).astype(int) + ups
    errors = (((choices - weights) @ inputs.T) ** 2).sum(axis=1)
    return choices[errors.argmin()]


@accepts("6.6")
def below_or_above(weights, inputs):
    pairs = [(int(np.floor(w)), int(np.ceil(w))) for w in weights]
    want = inputs @ weights
    return list(
        min(itertools.product(*pairs), key=lambda q: np.linalg.norm(inputs @ np.array(q) - want))
    )


@accepts("6.6")
def one_weight_after_another(weights, inputs):
    def extend(chosen):
        if len(chosen) == len(weights):
            return float(np.square(inputs @ (np.array(chosen) - weights)).sum()), chosen
        low = int(np.floor(weights[len(chosen)]))
        return min(extend([*chosen, low]), extend([*chosen, low + 1]))

    return np.array(extend([])[1])


@accepts("6.6")
def rounding_with_torch(weights, inputs):
    import torch

    w, x = torch.from_numpy(weights), torch.from_numpy(inputs)
    both = torch.stack((w.floor(), w.floor() + 1))
    picks = torch.cartesian_prod(*[both[:, i] for i in range(len(w))]).reshape(-1, len(w))
    errors = ((picks - w) @ x.T).square().mean(dim=1)
    return picks[errors.argmin()].long().numpy()


@accepts("6.8")
def corrected_alone():
    weights = Rule("int3", granularity="per-tensor")
    return Plan(Recipe(weights=weights, bias_correction="empirical"), Calibration(100))


@accepts("6.8")
def learned_rounding():
    weights = Rule("int3", granularity="per-tensor")
    return Plan(
        Recipe(weights=weights, learned_rounding=LearnedRounding(steps=20, batch_size=8)),
        Calibration(100),
    )


@accepts("6.8")
def asymmetric_weights():
    weights = Rule("int3", "asymmetric", "per-tensor")
    return Plan(Recipe(weights=weights, bias_correction="empirical"), Calibration(100))


@accepts("6.8")
def mse_and_learned_rounding():
    weights = Rule("int3", granularity="per-tensor", observer="mse")
    learning = LearnedRounding(steps=20, batch_size=8)
    return Plan(Recipe(weights=weights, learned_rounding=learning), Calibration(100))
