"""Layers with weights that have no integer form here, padding, and enlarging place by place."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import read_call
from quantlab.methods.graph.resizing import MODES, nearest_places

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
    """Nearest values where no factor of Resize chooses them as torch does: place by place."""
    places = nearest_places(read_call(call.graph, call.node))
    if places is None:
        mode = read_call(call.graph, call.node).settings["mode"]
        raise ValueError(
            f"layer {call.name!r} enlarges by {mode!r}, but ONNX Resize knows {', '.join(MODES)}: "
            f"use one of these."
        )
    x = call.x
    for axis, at in enumerate(places[:-1], start=2):
        x = call.before("Gather", x, call.whole(f"places_{axis}", at), part=f"{axis}", axis=axis)
    call.write("Gather", x, call.whole("places", places[-1]), axis=len(places) + 1)


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
    **dict.fromkeys((*PADDING_MODULES, F.pad), pad),
    **dict.fromkeys((nn.Upsample, nn.UpsamplingBilinear2d, F.interpolate), resize),
}
