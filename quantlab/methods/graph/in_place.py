"""Writing into a part of a tensor, `z[:, 2:4] += y`, as the whole that comes of it.

torch.export writes such an assignment as a cut out of z and an operator that changes the cut in
place. No ONNX operator changes anything, so z is put together again: what stands before the part,
the part, and what stands behind it. Where the part is every second row or so, all rows are laid
side by side and taken in their order.
"""

import operator
from typing import Any

import torch
from torch import fx

#: Operators of ATen that cut a part out of a tensor.
CUTS = ("slice", "select")


def name_of(node: fx.Node) -> str:
    """ATen's name of an operator; "" for anything else."""
    return node.target._opname if isinstance(node.target, torch._ops.OpOverload) else ""


def changes_in_place(node: fx.Node) -> bool:
    """Whether an operator of ATen writes into its first argument."""
    name = name_of(node)
    return name.endswith("_") and not name.startswith("__")


def new_part(graph: fx.Graph, node: fx.Node, made: dict[fx.Node, Any]) -> Any:
    """What `copy_` or `fill_` leaves in its first argument; None for any other operator."""
    if name_of(node) not in ("copy_", "fill_"):
        return None
    old, given = node.args[0], node.args[1]
    value = made[given] if isinstance(given, fx.Node) else given
    if isinstance(given, fx.Node) and given.meta["val"].shape == old.meta["val"].shape:  # type: ignore[union-attr]
        return value
    zeros = graph.call_function(torch.zeros_like, (made[old],))  # type: ignore[index]
    return graph.call_function(operator.add, (zeros, value))


def write_through(graph: fx.Graph, part: fx.Node, made: dict[fx.Node, Any]) -> None:
    """Let the readers of what a part was cut out of read it with the part changed."""
    while name_of(part) in CUTS:
        whole: Any = part.args[0]
        cut = _cut(part, whole.meta["val"].shape)
        if cut is None:
            return  # along the images: the graph will not agree with the model
        new = made[part]
        axis, places, length = cut
        if name_of(part) == "select":
            new = graph.call_method("unsqueeze", (new, axis))
        made[whole] = _joined(graph, made[whole], new, axis, places, length)
        part = whole


def _cut(node: fx.Node, shape: Any) -> tuple[int, range, int] | None:
    """Along which axis, which places of how many."""
    names = ("self", "dim", "start", "end", "step")
    given: dict[str, Any] = dict(zip(names, node.args, strict=False))
    axis, start = given.get("dim", 0) % len(shape), given.get("start", 0)
    if name_of(node) == "select":
        length = shape[axis]
        if type(length) is not int:
            return None
        return axis, range(start % length, start % length + 1), length
    end, step = given.get("end"), given.get("step", 1)
    length = shape[axis]
    if type(length) is not int:
        every = not start and step == 1 and (end is None or end >= 2**62)
        return (axis, range(0), 0) if every else None
    return axis, range(*slice(start, end, step).indices(length)), length


def _joined(graph: fx.Graph, whole: Any, new: Any, axis: int, places: range, length: int) -> Any:
    if len(places) == length:
        return new
    before = (slice(None),) * axis
    if places.step == 1:
        ends = slice(0, places.start), slice(places.stop, length)
        front, back = (
            [graph.call_function(operator.getitem, (whole, (*before, end)))]
            if end.stop > end.start
            else []
            for end in ends
        )
        return graph.call_function(torch.cat, ([*front, new, *back], axis))
    both = graph.call_function(torch.cat, ([whole, new], axis))
    order = list(range(length))
    for at, place in enumerate(places):
        order[place] = length + at
    return graph.call_function(operator.getitem, (both, (*before, order)))
