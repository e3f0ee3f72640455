"""Operators that move numbers in ways that no integer operator knows."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.deploy.export.lowering.several import taken
from quantlab.methods.graph.calls import BATCH_AXIS, DTYPE


def reshape(call: LoweringCall) -> None:
    """One that takes the batch in: by an axis in front whose size is left open."""
    if _dims(call, "shape")[0] != -1:
        raise ValueError(
            f"layer {call.name!r} mixes the batch with other axes by fixed sizes, but the batch "
            f"of an exported model is free: write -1 for the first size."
        )
    flatten(call)


def flatten(call: LoweringCall) -> None:
    """From axis 0 on, so that the batch is in the first axis."""
    call.write("Reshape", call.x, call.whole("shape", [-1, *call.node.meta["shape"][1:]]))


def concat(call: LoweringCall) -> None:
    """Along the batch."""
    parts = [call.tensor(part) for part in call.argument(0, "tensors")]
    call.write("Concat", *parts, axis=int(call.argument(1, "dim", 0)))


def index_select(call: LoweringCall) -> None:
    """By places that the model holds."""
    places = call.whole("places", call.array(call.argument(2, "index")))
    call.write("Gather", call.x, places, axis=int(call.argument(1, "dim")) % len(call.shape))


def item(call: LoweringCall) -> None:
    """Along one axis by places that the model holds, all else as it is."""
    index, source = call.argument(1, "index"), call.node.args[0]
    if taken(call):
        return
    if not isinstance(source, fx.Node) or "shape" not in source.meta:
        raise ValueError(
            f"layer {call.name!r} reads one of several results of an operator that the export does "
            f"not know: replace that one by others, or end the model before it."
        )
    parts = list(index) if isinstance(index, tuple) else [index]
    if parts[0] is Ellipsis:
        parts[:1] = [slice(None)] * (len(call.shape) - len(parts) + 1)
    listed = [axis for axis, part in enumerate(parts) if isinstance(part, fx.Node | list)]
    if len(listed) != 1 or any(
        p != slice(None) for p in parts if not isinstance(p, fx.Node | list)
    ):
        raise ValueError(
            f"layer {call.name!r} indexes by {len(listed)} lists of places and other parts at "
            f"once, but the export knows one list, along one axis: index in several steps."
        )
    given = parts[listed[0]]
    if isinstance(given, fx.Node) and given.meta[DTYPE] == torch.bool:
        raise ValueError(
            f"layer {call.name!r} indexes by truths, so that its size depends on their values: "
            f"use torch.where, or places."
        )
    places = call.array(given) if isinstance(given, fx.Node) else np.array(given)
    call.write("Gather", call.x, call.constant("places", np.int64(places)), axis=listed[0])


def flip(call: LoweringCall) -> None:
    given = call.argument(1, "dims")
    axes = [given] if isinstance(given, int) else list(given)
    x = call.x
    for at, axis in enumerate(axes[:-1]):
        x = call.before("Gather", x, _backwards(call, axis), part=f"{at}", axis=axis)
    call.write("Gather", x, _backwards(call, axes[-1]), axis=axes[-1])


def _backwards(call: LoweringCall, axis: int) -> str:
    if axis % len(call.shape) == call.node.meta.get(BATCH_AXIS):
        raise ValueError(
            f"layer {call.name!r} turns the order of the images around, whose number is free in a "
            f"file: do that outside the model."
        )
    return call.whole(f"backwards_{axis}", range(call.shape[axis] - 1, -1, -1))


def _dims(call: LoweringCall, name: str) -> tuple[int, ...]:
    """`x.permute(0, 2, 1)` and `torch.permute(x, (0, 2, 1))` alike."""
    first = call.argument(1, name)
    if isinstance(first, int):
        return tuple(call.argument(at, name) for at in range(1, len(call.node.args)))
    return tuple(first)


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.reshape, "reshape"), reshape),
    **dict.fromkeys((nn.Flatten, torch.flatten, "flatten"), flatten),
    **dict.fromkeys((torch.cat, torch.concat), concat),
    operator.getitem: item,
    **dict.fromkeys((torch.flip, "flip"), flip),
    **dict.fromkeys((torch.index_select, "index_select"), index_select),
}
