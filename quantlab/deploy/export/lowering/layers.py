"""Layers with weights that have no integer form here, padding, and enlarging by mixing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall

PADDINGS = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}

PADDING_MODULES = {
    nn.ConstantPad2d: "constant",
    nn.ReflectionPad2d: "reflect",
    nn.ReplicationPad2d: "edge",
    nn.ZeroPad2d: "constant",
}


def conv(call: LoweringCall) -> None:
    """Convolutions along one or three axes."""
    module = call.module
    if module.padding_mode != "zeros":
        raise ValueError(
            f"layer {call.name!r} pads with {module.padding_mode!r}, but an ONNX Conv pads with "
            f"zeros: pad by an operator of its own in front, with torch.nn.functional.pad."
        )
    call.write("Conv", call.x, *_parameters(call), **_window(call), group=module.groups)


def conv_transpose(call: LoweringCall) -> None:
    module = call.module
    extra = list(module.output_padding)
    window = _window(call)
    call.write(
        "ConvTranspose", call.x, *_parameters(call), **window, group=module.groups,
        output_padding=extra,
    )  # fmt: skip


def linear(call: LoweringCall) -> None:
    """The last axis of a tensor with any number of axes."""
    module = call.module
    weight = call.constant("weight", module.weight.detach().numpy().T)
    if module.bias is None:
        call.write("MatMul", call.x, weight)
    else:
        product = call.before("MatMul", call.x, weight, part="product")
        call.write("Add", product, call.tensor(module.bias, "bias"))


def pad(call: LoweringCall) -> None:
    """torch counts from the last axis, both ends together; ONNX all begins, then all ends."""
    if call.node.op == "call_module":
        mode = PADDING_MODULES[type(call.module)]
        ends, value = call.module.padding, getattr(call.module, "value", 0.0)
    else:
        ends, value = call.argument(1, "pad"), call.argument(3, "value") or 0.0
        mode = PADDINGS[call.argument(2, "mode", "constant")]
    pairs = [(0, 0)] * len(call.shape)
    for back, at in enumerate(range(0, len(ends), 2)):
        pairs[-1 - back] = (ends[at], ends[at + 1])
    amounts = call.whole("pads", np.array(pairs).T.ravel())
    filler = (call.tensor(value, "value"),) if mode == "constant" else ()
    call.write("Pad", call.x, amounts, *filler, mode=mode)


def resize(call: LoweringCall) -> None:
    """Linear and cubic enlarging, and nearest to sizes that are no whole multiples.

    Cubic weights are ONNX's default, a = -0.75, which is torch's too.
    """
    size, scales, mode, corners = _target(call)
    ways = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic", "linear": "linear"}
    if mode not in ways:
        raise ValueError(
            f"layer {call.name!r} enlarges by {mode!r}, but ONNX Resize knows nearest, bilinear "
            f"and bicubic: use one of these."
        )
    axes = list(range(2, len(call.shape)))
    attributes: dict[str, Any] = {"mode": ways[mode], "axes": axes}
    if mode == "nearest":
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    elif corners:
        attributes["coordinate_transformation_mode"] = "align_corners"
    if size is not None:
        sizes = [size] * len(axes) if isinstance(size, int) else list(size)
        call.write("Resize", call.x, "", "", call.whole("sizes", sizes), **attributes)
    else:
        factors = [scales] * len(axes) if isinstance(scales, int | float) else list(scales)
        stored = call.constant("scales", np.array(factors, dtype=np.float32))
        call.write("Resize", call.x, "", stored, **attributes)


def _target(call: LoweringCall) -> tuple[Any, Any, str, bool]:
    if call.node.op == "call_module":
        module = call.module
        return module.size, module.scale_factor, module.mode, bool(module.align_corners)
    return (
        call.argument(1, "size"),
        call.argument(2, "scale_factor"),
        call.argument(3, "mode", "nearest"),
        bool(call.argument(4, "align_corners", False)),
    )


def _parameters(call: LoweringCall) -> list[str]:
    module = call.module
    bias = [] if module.bias is None else [call.tensor(module.bias, "bias")]
    return [call.tensor(module.weight, "weight"), *bias]


def _window(call: LoweringCall) -> dict[str, list[int]]:
    module = call.module
    return {
        "kernel_shape": list(module.kernel_size),
        "strides": list(module.stride),
        "dilations": list(module.dilation),
        "pads": _pads(module),
    }


def _pads(module: Any) -> list[int]:
    """All begins, then all ends. "same" puts the odd one at the end, as torch does."""
    if not isinstance(module.padding, str):
        return [*module.padding, *module.padding]
    spans = zip(module.dilation, module.kernel_size, strict=True)
    total = [d * (k - 1) if module.padding == "same" else 0 for d, k in spans]
    return [t // 2 for t in total] + [t - t // 2 for t in total]


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), conv),
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), conv_transpose),
    nn.Linear: linear,
    **dict.fromkeys((*PADDING_MODULES, F.pad), pad),
    **dict.fromkeys((nn.Upsample, nn.UpsamplingBilinear2d, F.interpolate), resize),
}
