"""From a torch call to an ONNX operator and its attributes, one function each.

A function returns (kind, attributes), or the reason why this call has none. What only moves numbers
is in `moves`.

Conv                 strides, pads (begins, then ends), dilations, group, kernel_shape
Gemm                 none: the weight is (N, K), transB is 1; over the last of any number of axes
BatchNormalization   epsilon
Clip                 min, max: float, infinite where open
LeakyRelu            alpha: the slope below 0
HardSigmoid          alpha, beta
Softmax, Concat      axis, counted from the front
MaxPool              kernel_shape, strides, pads, dilations
AveragePool          kernel_shape, strides, pads, ceil_mode: 1 where a window reaches beyond them,
                     count_include_pad
Resize               as `resizing` says: mode, coordinate_transformation_mode, scales, one an axis
Relu, HardSwish, Sigmoid, Add, Mul, MatMul, GlobalAveragePool, Identity: none
"""

from collections.abc import Callable
from math import inf
from typing import Any

import torch
from torch import fx

from quantlab.methods.graph import moves
from quantlab.methods.graph.calls import DTYPE, TorchCall
from quantlab.methods.graph.moves import Found
from quantlab.methods.graph.resizing import resize_attributes


def _pair(value: Any) -> tuple[int, int]:
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    return int(both[0]), int(both[-1])


def _conv(call: TorchCall) -> Found:
    kernel, dilations = _pair(call.settings["kernel_size"]), _pair(call.settings["dilation"])
    padding = call.settings["padding"]
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilations, strict=True)]
        # torch puts the odd pixel at the end
        begins = (totals[0] // 2, totals[1] // 2)
        ends = (totals[0] - begins[0], totals[1] - begins[1])
    elif len(padding) == 4:  # of an UnevenConv2d
        begins, ends = padding[:2], padding[2:]
    else:
        begins = ends = (0, 0) if padding == "valid" else _pair(padding)
    return "Conv", {
        "strides": _pair(call.settings["stride"]),
        "pads": (*begins, *ends),
        "dilations": dilations,
        "group": int(call.settings["groups"]),
        "kernel_shape": kernel,
    }


def _linear(call: TorchCall) -> Found:
    if len(call.shape) < 2:
        return "its input has one axis, Gemm reads (batch, features)"
    return "Gemm", {}


def _matmul(call: TorchCall) -> Found:
    if len(call.inputs) != 2:
        return "one operand is no activation"
    if any(len(source.meta["shape"]) < 2 for source in call.inputs):
        return "one operand is a vector, not a matrix"
    return "MatMul", {}


def _batch_norm(call: TorchCall) -> Found:
    if call.settings["running_mean"] is None:
        return "it has no running statistics: what it computes depends on the whole batch"
    return "BatchNormalization", {"epsilon": float(call.settings["eps"])}


def _plain(kind: str, **attributes: Any) -> Callable[[TorchCall], Found]:
    return lambda call: (kind, attributes)


def _clip(low: str, high: str) -> Callable[[TorchCall], Found]:
    def read(call: TorchCall) -> Found:
        ends = call.settings.get(low), call.settings.get(high)
        if any(isinstance(end, fx.Node) for end in ends):
            return "its limits are tensors"
        lo, hi = (
            open_end if end is None else float(end)
            for end, open_end in zip(ends, (-inf, inf), strict=True)
        )
        return ("Relu", {}) if (lo, hi) == (0, inf) else ("Clip", {"min": lo, "max": hi})

    return read


def _leaky_relu(call: TorchCall) -> Found:
    return "LeakyRelu", {"alpha": float(call.settings["negative_slope"])}


def _softmax(call: TorchCall) -> Found:
    if call.settings["dim"] is None:
        return "its axis is not given"
    return "Softmax", {"axis": int(call.settings["dim"]) % len(call.shape)}


def _binary(kind: str) -> Callable[[TorchCall], Found]:
    def read(call: TorchCall) -> Found:
        if len(call.inputs) != 2:
            return "one operand is a number, not an activation"
        for source in call.inputs:
            if source.meta[DTYPE] != torch.float32:
                found = str(source.meta[DTYPE]).removeprefix("torch.")
                return f"{source.name} is {found}, which has no ruler"
        if call.settings.get("alpha", 1) != 1:
            return f"it multiplies one operand by alpha = {call.settings['alpha']}"
        return kind, {}

    return read


def _concat(call: TorchCall) -> Found:
    if not call.inputs:
        return "it joins no list of tensors, but one value that holds them"
    axis = call.settings["dim"] % len(call.shape)
    return ("Concat", {"axis": axis}) if axis else "it joins images to a larger batch"


def _is_uneven(padding: Any) -> bool:
    """Whether each side has a padding of its own: that of an UnevenMaxPool2d."""
    return isinstance(padding, tuple | list) and len(padding) == 4


def _max_pool(call: TorchCall) -> Found:
    if call.settings["return_indices"] or not call.result:
        return "it also returns indices"
    kernel, strides, padding = _window(call)
    dilations = _pair(call.settings["dilation"])
    given = call.settings["padding"]
    begins, ends = (given[:2], given[2:]) if _is_uneven(given) else (padding, padding)
    # ceil_mode adds a window that reaches beyond the input: padding, which no maximum sees.
    reach = [
        (out - 1) * s + (k - 1) * d + 1 - size - before - after
        for out, size, k, s, before, after, d in zip(
            call.result[-2:], call.shape[-2:], kernel, strides, begins, ends, dilations, strict=True
        )
    ]
    ends = tuple(p + max(0, more) for p, more in zip(ends, reach, strict=True))
    return "MaxPool", {
        "kernel_shape": kernel,
        "strides": strides,
        "pads": (*begins, *ends),
        "dilations": dilations,
    }


def _average_pool(call: TorchCall) -> Found:
    if call.settings["divisor_override"] is not None:
        return f"it divides by {call.settings['divisor_override']}, not by the pixels it adds"
    kernel, strides, padding = _window(call)
    floor = tuple(
        (size + 2 * p - k) // s + 1
        for size, k, s, p in zip(call.shape[-2:], kernel, strides, padding, strict=True)
    )
    return "AveragePool", {
        "kernel_shape": kernel,
        "strides": strides,
        "pads": padding * 2,
        "ceil_mode": int(call.result[-2:] != floor),
        # Without padding there is nothing to count, also where a window reaches beyond the image.
        "count_include_pad": int(call.settings["count_include_pad"] and any(padding)),
    }


def _window(call: TorchCall) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    kernel = _pair(call.settings["kernel_size"])
    given = call.settings["stride"]
    # torch: no stride, or an empty one, is the kernel's size
    strides = kernel if given is None or given == [] or given == () else _pair(given)
    return kernel, strides, _pair(call.settings["padding"])


def _adaptive_pool(call: TorchCall) -> Found:
    size, out = call.shape[-2:], call.result[-2:]
    if len(call.shape) != 4:
        return "its input has no batch axis"
    if out == (1, 1):
        return "GlobalAveragePool", {}
    if out == size:
        return "Identity", {}
    if size[0] % out[0] or size[1] % out[1]:
        return f"its windows over {size} pixels for {out} have different sizes"
    kernel = (size[0] // out[0], size[1] // out[1])
    window = {"kernel_shape": kernel, "strides": kernel, "pads": (0, 0, 0, 0)}
    return "AveragePool", {**window, "ceil_mode": 0, "count_include_pad": 0}


def _resize(call: TorchCall) -> Found:
    if len(call.shape) < 3:
        return f"its input has {len(call.shape)} axes, a batch of images or rows has 3 or more"
    found = resize_attributes(call)
    return found if isinstance(found, str) else ("Resize", found)


ATTRIBUTES: dict[str, Callable[[TorchCall], Found]] = {
    "conv2d": _conv,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "relu": _plain("Relu"),
    "relu6": _plain("Clip", min=0.0, max=6.0),
    "hardtanh": _clip("min_val", "max_val"),
    "clamp": _clip("min", "max"),
    "clamp_min": _clip("min", "max"),
    "clamp_max": _clip("min", "max"),
    "leaky_relu": _leaky_relu,
    "hardswish": _plain("HardSwish"),
    "hardsigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "sigmoid": _plain("Sigmoid"),
    "softmax": _softmax,
    "add": _binary("Add"),
    "mul": _binary("Mul"),
    "cat": _concat,
    "max_pool2d": _max_pool,
    "avg_pool2d": _average_pool,
    "adaptive_avg_pool2d": _adaptive_pool,
    "interpolate": _resize,
    "matmul": _matmul,
    "flatten": moves.flatten,
    "reshape": moves.reshape,
    "transpose": moves.transpose,
    "permute": moves.permute,
    "pixel_shuffle": moves.pixel_shuffle,
    "getitem": moves.item,
}
