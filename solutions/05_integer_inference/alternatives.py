"""Right answers to the exercises of lesson 05, written differently; the judge must accept each."""

import math
from fractions import Fraction

import numpy as np

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan


@accepts("5.2")
def sums_in_int64(x_q, x_zero_point, w_q, w_zero_point):
    return ((x_q.astype(int) - x_zero_point) @ (w_q.astype(int) - w_zero_point)).astype(np.int32)


@accepts("5.2")
def sums_of_four_terms(x_q, x_zero_point, w_q, w_zero_point):
    x, w = x_q.astype(np.int32), w_q.astype(np.int32)
    rows, columns = x.sum(axis=1, keepdims=True), w.sum(axis=0)
    zeros = x.shape[1] * x_zero_point * w_zero_point
    return (x @ w - x_zero_point * columns - w_zero_point * rows + zeros).astype(np.int32)


@accepts("5.2")
def sums_one_by_one(x_q, x_zero_point, w_q, w_zero_point):
    out = np.zeros((x_q.shape[0], w_q.shape[1]), np.int32)
    for n in range(out.shape[0]):
        for m in range(out.shape[1]):
            out[n, m] = sum(
                (int(x) - x_zero_point) * (int(w) - w_zero_point)
                for x, w in zip(x_q[n], w_q[:, m], strict=True)
            )
    return out


@accepts("5.2")
def sums_in_float64(x_q, x_zero_point, w_q, w_zero_point):
    x, w = np.float64(x_q) - x_zero_point, np.float64(w_q) - w_zero_point
    return np.dot(x, w).astype("int32")


@accepts("5.2")
def sums_in_torch(x_q, x_zero_point, w_q, w_zero_point):
    import torch

    x, w = torch.from_numpy(x_q).int() - x_zero_point, torch.from_numpy(w_q).int() - w_zero_point
    return x @ w


@accepts("5.2")
def sums_by_einsum(x_q, x_zero_point, w_q, w_zero_point):
    x, w = np.int32(x_q) - np.int32(x_zero_point), np.int32(w_q) - np.int32(w_zero_point)
    return np.einsum("nk,km->nm", x, w, dtype=np.int32)


@accepts("5.3")
def folded_by_reshape(bias_q, w_q, x_zero_point):
    rows = w_q.reshape(len(w_q), -1).astype(np.int64)
    return (bias_q - x_zero_point * rows.sum(axis=1)).astype(np.int32)


@accepts("5.3")
def folded_in_a_loop(bias_q, w_q, x_zero_point):
    out = []
    for b, filter_ in zip(bias_q, w_q, strict=True):
        out.append(int(b) - x_zero_point * sum(int(w) for w in filter_.flat))
    return np.array(out, dtype=np.int32)


@accepts("5.3")
def folded_as_the_output_of_a_black_picture(bias_q, w_q, x_zero_point):
    rows = w_q.reshape(w_q.shape[0], -1).astype(np.int32)
    black = np.zeros(rows.shape[1], np.int32) - x_zero_point
    return bias_q + rows @ black


@accepts("5.3")
def folded_in_torch(bias_q, w_q, x_zero_point):
    import torch

    sums = torch.from_numpy(w_q).sum(dim=(1, 2, 3), dtype=torch.int32)
    return torch.from_numpy(bias_q.copy()) - x_zero_point * sums


@accepts("5.3")
def folded_by_einsum(bias_q, w_q, x_zero_point):
    return np.int32(bias_q - x_zero_point * np.einsum("mcij->m", w_q.astype(np.int64)))


@accepts("5.4")
def biases_one_by_one(bias, x_scale, w_scale):
    pairs = zip(bias.tolist(), w_scale.tolist(), strict=True)
    return np.array([round(b / (x_scale * s)) for b, s in pairs], dtype=np.int32)


@accepts("5.4")
def biases_in_float32(bias, x_scale, w_scale):
    return np.rint(bias / (np.float32(x_scale) * w_scale)).astype(np.int32)


@accepts("5.4")
def biases_divided_twice(bias, x_scale, w_scale):
    return np.round(bias.astype(np.float64) / x_scale / w_scale).astype(np.int32)


@accepts("5.4")
def biases_in_torch(bias, x_scale, w_scale):
    import torch

    return torch.round(torch.from_numpy(bias) / (torch.from_numpy(w_scale) * x_scale)).int()


@accepts("5.4")
def biases_in_fractions(bias, x_scale, w_scale):
    steps = [Fraction(x_scale) * Fraction(float(s)) for s in w_scale]
    return np.int32([round(Fraction(float(b)) / s) for b, s in zip(bias, steps, strict=True)])


@accepts("5.5")
def ticks_in_float32(acc, x_scale, w_scale, y_scale, y_zero_point):
    multiplier = np.float32(x_scale) * w_scale / np.float32(y_scale)
    steps = np.float32(acc) * multiplier[:, None]
    clipped = np.clip(steps, 0 - y_zero_point, 255 - y_zero_point)  # ONNX Runtime's order
    return (np.rint(clipped) + y_zero_point).astype(np.uint8)


@accepts("5.5")
def ticks_by_definition(acc, x_scale, w_scale, y_scale, y_zero_point):
    real = acc * (x_scale * w_scale.astype(np.float64)).reshape(-1, 1)
    return np.clip(np.round(real / y_scale) + y_zero_point, 0, 255).astype(np.uint8)


@accepts("5.5")
def ticks_row_by_row(acc, x_scale, w_scale, y_scale, y_zero_point):
    out = np.empty(acc.shape, np.uint8)
    for m, row in enumerate(acc):
        for p, total in enumerate(row):
            tick = round(int(total) * x_scale * float(w_scale[m]) / y_scale) + y_zero_point
            out[m, p] = max(0, min(255, tick))
    return out


@accepts("5.5")
def ticks_transposed(acc, x_scale, w_scale, y_scale, y_zero_point):
    steps = np.rint(acc.T * (w_scale * (x_scale / y_scale)).astype(np.float64)).T
    return np.minimum(np.maximum(steps + y_zero_point, 0), 255).astype("uint8")


@accepts("5.5")
def ticks_in_torch(acc, x_scale, w_scale, y_scale, y_zero_point):
    import torch

    multiplier = torch.from_numpy(w_scale).double() * x_scale / y_scale
    steps = torch.round(torch.from_numpy(acc) * multiplier[:, None])
    return (steps + y_zero_point).clamp(0, 255).to(torch.uint8)


@accepts("5.6")
def layer_tap_by_tap(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    x = np.pad(x_q.astype(np.int32) - x_zero_point, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    kh, kw = w_q.shape[2:]
    rows, columns = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    acc = bias_q[:, None, None].astype(np.int32)
    for i in range(kh):
        for j in range(kw):
            seen = x[:, :, i : i + rows : stride, j : j + columns : stride]
            acc = acc + np.einsum("nchw,mc->nmhw", seen, w_q[:, :, i, j].astype(np.int32))
    steps = np.rint(acc * multiplier[:, None, None])
    return np.clip(steps + y_zero_point, 0, 255).astype(np.uint8)


@accepts("5.6")
def layer_with_zero_point_in_the_bias(
    x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
):
    border = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x = np.pad(x_q, border, constant_values=x_zero_point).astype(np.int64)
    bias = bias_q - x_zero_point * w_q.astype(np.int64).sum(axis=(1, 2, 3))
    windows = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    acc = np.tensordot(windows, w_q.astype(np.int64), axes=([1, 4, 5], [1, 2, 3])) + bias
    ticks = np.clip(np.rint(acc * multiplier) + y_zero_point, 0, 255)
    return ticks.astype(np.uint8).transpose(0, 3, 1, 2)


@accepts("5.6")
def layer_in_torch(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    import torch

    x = torch.from_numpy(x_q).double() - x_zero_point
    w, bias = torch.from_numpy(w_q).double(), torch.from_numpy(bias_q).double()
    acc = torch.nn.functional.conv2d(x, w, bias, stride=stride, padding=pad)
    steps = torch.round(acc * torch.from_numpy(multiplier).double()[:, None, None])
    return (steps + y_zero_point).clamp(0, 255).to(torch.uint8)


@accepts("5.6")
def layer_output_by_output(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    border = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x = np.pad(x_q.astype(int) - x_zero_point, border)
    n, _, h, w = x.shape
    m, _, kh, kw = w_q.shape
    out = np.zeros((n, m, (h - kh) // stride + 1, (w - kw) // stride + 1), np.uint8)
    for b, f, r, c in np.ndindex(out.shape):
        seen = x[b, :, r * stride : r * stride + kh, c * stride : c * stride + kw]
        acc = int(np.sum(seen * w_q[f].astype(int))) + int(bias_q[f])
        out[b, f, r, c] = min(max(round(acc * float(multiplier[f])) + y_zero_point, 0), 255)
    return out


@accepts("5.8")
def pairs_in_a_loop(x_q, w_q):
    total = 0
    for i in range(0, len(x_q), 2):
        pair = int(x_q[i]) * int(w_q[i])
        if i + 1 < len(x_q):
            pair += int(x_q[i + 1]) * int(w_q[i + 1])
        total += max(-32768, min(32767, pair))
    return total


@accepts("5.8")
def pairs_less_what_is_lost(x_q, w_q):
    p = np.multiply(x_q, w_q, dtype=np.int64)
    p = np.append(p, [0] * (len(p) % 2))
    pairs = p[0::2] + p[1::2]
    lost = np.maximum(pairs - 32767, 0) + np.minimum(pairs + 32768, 0)
    return int(pairs.sum() - lost.sum())


@accepts("5.8")
def pairs_by_slices(x_q, w_q):
    p = x_q.astype(float) * w_q.astype(float)
    even, odd = p[0::2], p[1::2]
    odd = np.pad(odd, (0, len(even) - len(odd)))
    return math.floor(np.clip(even + odd, -(2**15), 2**15 - 1).sum())


@accepts("5.8")
def pairs_in_torch(x_q, w_q):
    import torch

    p = torch.from_numpy(x_q).int() * torch.from_numpy(w_q).int()
    p = torch.nn.functional.pad(p, (0, len(p) % 2))
    return p.reshape(-1, 2).sum(dim=1).clamp(-32768, 32767).sum().item()


@accepts("5.10")
def unsigned_with_one_ruler():
    weights = Rule("uint8", "asymmetric", "per-tensor")
    return Plan(Recipe(weights=weights), Calibration(100))


@accepts("5.10")
def unsigned_and_symmetric():
    return Plan(Recipe(weights=Rule("uint8", "symmetric")), Calibration(100))


@accepts("5.10")
def unsigned_and_corrected():
    recipe = Recipe(weights=Rule("uint8"), bias_correction="empirical")
    return Plan(recipe, Calibration(100))


@accepts("5.10")
def unsigned_with_the_whole_range():
    recipe = Recipe(weights=Rule("uint8"), activations=Rule(observer="minmax"))
    return Plan(recipe, Calibration(60))
