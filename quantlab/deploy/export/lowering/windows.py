"""Windows cut out of pictures, put together again, and pictures read at given places."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import BATCH_AXIS

SETTINGS = ("kernel_size", "dilation", "padding", "stride")
DEFAULTS = (None, 1, 0, 1)


def unfold(call: LoweringCall) -> None:
    """Each place of a window as a channel: a convolution whose filters read one place each."""
    kernel, dilation, padding, stride = _windows(call, 1)
    channels, places = call.shape[1], kernel[0] * kernel[1]
    one = np.eye(places, dtype=np.float32).reshape(places, 1, *kernel)
    weight = call.constant("weight", np.tile(one, (channels, 1, 1, 1)))
    apart = call.before(
        "Conv",
        call.x,
        weight,
        part="apart",
        kernel_shape=kernel,
        strides=stride,
        dilations=dilation,
        pads=padding * 2,
        group=channels,
    )
    call.write("Reshape", apart, call.whole("shape", [0, channels * places, -1]))


def fold(call: LoweringCall) -> None:
    """The sum of windows, where they overlap."""
    kernel, dilation, padding, stride = _windows(call, 2)
    if call.node.op == "call_module":
        size = call.module.output_size
    else:
        size = call.argument(1, "output_size")
    call.write(
        "Col2Im",
        call.x,
        call.whole("size", _pair(size)),
        call.whole("kernel", kernel),
        dilations=dilation,
        pads=padding * 2,
        strides=stride,
    )


def unfold_axis(call: LoweringCall) -> None:
    """The windows of one axis, which stands for their number then; their places come last."""
    axis = int(call.argument(1, "dimension")) % len(call.shape)
    size, step = (int(call.argument(at, name)) for at, name in ((2, "size"), (3, "step")))
    if axis == call.node.args[0].meta.get(BATCH_AXIS):  # type: ignore[union-attr]
        raise ValueError(
            f"layer {call.name!r} cuts windows out of the row of images, whose number is free in "
            f"a file: do that outside the model."
        )
    starts = np.arange(0, call.shape[axis] - size + 1, step)
    places = call.constant("places", np.int64(starts[:, None] + np.arange(size)))
    windows = call.before("Gather", call.x, places, part="windows", axis=axis)
    order = [at for at in range(len(call.shape) + 1) if at != axis + 1]
    call.write("Transpose", windows, perm=[*order, axis + 1])


def grid_sample(call: LoweringCall) -> None:
    """Its settings come as words, or as torch counts them."""
    mode, outside = call.argument(2, "mode", 0), call.argument(3, "padding_mode", 0)
    call.write(
        "GridSample",
        call.x,
        call.tensor(call.argument(1, "grid")),
        mode={"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
        if isinstance(mode, str)
        else ("linear", "nearest", "cubic")[mode],
        padding_mode=outside
        if isinstance(outside, str)
        else ("zeros", "border", "reflection")[outside],
        align_corners=int(bool(call.argument(4, "align_corners", False))),
    )


def affine_grid(call: LoweringCall) -> None:
    """Where each pixel of a turned picture is read; as many pictures as there are matrices."""
    images = call.before("Shape", call.tensor(call.argument(0, "theta")), part="images", end=1)
    rest = call.whole("rest", [1, *call.node.meta["shape"][1:3]])
    size = call.before("Concat", images, rest, part="size", axis=0)
    corners = int(bool(call.argument(2, "align_corners", False)))
    theta = call.tensor(call.argument(0, "theta"))
    call.write("AffineGrid", theta, size, align_corners=corners)


def _windows(call: LoweringCall, first: int) -> list[list[int]]:
    """Kernel, dilation, padding and stride, of a module or as arguments from position `first`."""
    if call.node.op == "call_module":
        return [_pair(getattr(call.module, name)) for name in SETTINGS]
    return [
        _pair(call.argument(position, name, default))
        for position, (name, default) in enumerate(zip(SETTINGS, DEFAULTS, strict=True), first)
    ]


def _pair(value: Any) -> list[int]:
    both = list(value) if isinstance(value, tuple | list) else [value, value]
    return [int(number) for number in both]


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((nn.Unfold, F.unfold), unfold),
    "unfold": unfold_axis,
    **dict.fromkeys((nn.Fold, F.fold), fold),
    **dict.fromkeys((F.affine_grid, torch.affine_grid_generator), affine_grid),
    **dict.fromkeys((F.grid_sample, torch.grid_sampler), grid_sample),
}
