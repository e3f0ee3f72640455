"""Operators that move numbers in ways that no integer operator knows."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall


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
    **dict.fromkeys((torch.index_select, "index_select"), index_select),
}
