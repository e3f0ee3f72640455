"""Numbers read from given places, and written to them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.deploy.export.lowering.element_types import of_type
from quantlab.methods.graph.calls import DTYPE


def _axis(call: LoweringCall) -> int:
    return int(call.argument(1, "dim")) % len(call.shape)


def gather(call: LoweringCall) -> None:
    """One place along an axis for each number of the result."""
    index = call.argument(2, "index")
    _refuse_smaller(call, index)
    call.write("GatherElements", call.x, call.tensor(index), axis=_axis(call))


def take_along(call: LoweringCall) -> None:
    """The same, along all other axes as long as the tensor itself."""
    index, axis = call.argument(1, "indices"), call.argument(2, "dim")
    if axis is None:
        raise ValueError(f"layer {call.name!r} takes numbers along no axis: give it one.")
    axis = int(axis) % len(call.shape)
    places = call.tensor(index)
    if tuple(index.meta["shape"]) != tuple(call.node.meta["shape"]):
        size = call.before("Shape", call.x, part="size")
        front, back = (
            call.before("Slice", size, *(call.whole(f"{part}_{n}", e) for n, e in enumerate(ends)),
                        part=part)
            for part, ends in (("front", (0, axis)), ("back", (axis + 1, len(call.shape))))
        )  # fmt: skip
        along = call.whole("along", index.meta["shape"][axis])
        whole = call.before("Concat", front, along, back, part="whole", axis=0)
        places = call.before("Expand", places, whole, part="places")
    call.write("GatherElements", call.x, places, axis=axis)


def _refuse_smaller(call: LoweringCall, index: fx.Node) -> None:
    """ONNX reads as many rows as there are; torch may read fewer."""
    axis, shape = _axis(call), tuple(index.meta["shape"])
    if any(at != axis and a != b for at, (a, b) in enumerate(zip(shape, call.shape, strict=True))):
        raise ValueError(
            f"layer {call.name!r} gathers by places of shape {shape} out of a tensor of shape "
            f"{call.shape}, but ONNX needs all axes but the gathered one alike: cut the tensor "
            f"first."
        )


def scatter(reduction: str) -> Callable[[LoweringCall], None]:
    """Numbers written to places, or added there."""

    def lowering(call: LoweringCall) -> None:
        index, source = call.argument(2, "index"), call.argument(3, "src")
        source = call.node.kwargs.get("value", source)
        if call.node.kwargs.get("reduce") is not None:
            raise ValueError(
                f"layer {call.name!r} scatters with reduce=, which the export does not know: use "
                f"scatter_add."
            )
        places, dtype = call.tensor(index), call.node.meta[DTYPE]
        numbers = of_type(call, source, dtype, "numbers")
        if not isinstance(source, fx.Node):
            size = call.before("Shape", places, part="size")
            numbers = call.before("Expand", numbers, size, part="expanded")
        call.write(
            "ScatterElements", call.x, places, numbers, axis=_axis(call), reduction=reduction
        )

    return lowering


def embedding(call: LoweringCall) -> None:
    """Rows of a table that the layer holds."""
    if call.node.op == "call_module":
        table = call.tensor(call.module.weight, "table")
        call.write("Gather", table, call.x, axis=0)
    else:
        call.write("Gather", call.tensor(call.argument(1, "weight")), call.x, axis=0)


def power_pool(call: LoweringCall) -> None:
    """The p-th root of the sum of p-th powers in windows."""
    names = (("norm_type", None), ("kernel_size", None), ("stride", None), ("ceil_mode", False))
    if call.node.op == "call_module":
        order, kernel, stride, ceil = (getattr(call.module, name) for name, _ in names)
    else:
        order, kernel, stride, ceil = (
            call.argument(at, name, default) for at, (name, default) in enumerate(names, 1)
        )
    if ceil or order != int(order):
        raise ValueError(
            f"layer {call.name!r} is a power pool of order {order} with ceil_mode {ceil}, but the "
            f"export knows whole orders without it: use one."
        )
    both = [list(v) if isinstance(v, tuple | list) else [v, v] for v in (kernel, stride or kernel)]
    call.write("LpPool", call.x, p=int(order), kernel_shape=both[0], strides=both[1])


def triangle(upper: int) -> Callable[[LoweringCall], None]:
    """The numbers above or below a diagonal, zeros elsewhere."""

    def lowering(call: LoweringCall) -> None:
        diagonal = call.constant("diagonal", np.int64(call.argument(1, "diagonal", 0)))
        call.write("Trilu", call.x, diagonal, upper=upper)

    return lowering


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.gather, "gather"), gather),
    **dict.fromkeys((torch.take_along_dim, "take_along_dim"), take_along),
    **dict.fromkeys((torch.scatter, "scatter"), scatter("none")),
    **dict.fromkeys((torch.scatter_add, "scatter_add"), scatter("add")),
    **dict.fromkeys((nn.Embedding, F.embedding), embedding),
    **dict.fromkeys((nn.LPPool2d, F.lp_pool2d), power_pool),
    **dict.fromkeys((torch.tril, "tril"), triangle(0)),
    **dict.fromkeys((torch.triu, "triu"), triangle(1)),
}
