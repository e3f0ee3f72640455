"""The pieces of a split are slices: each is cut out where it is read."""

from operator import getitem
from typing import Any

import torch
from torch import fx

EVENLY = ("tensor_split", torch.tensor_split)
#: What their second argument is called.
WANTED = (
    *("size", "chunks", "split_size", "split_size_or_sections"),
    *("sections", "indices", "indices_or_sections"),
)
#: Where a tensor says what cuts it along its first axis into pieces of the example's lengths.
CUT = "cut"
SPLITS = ("chunk", "split", "unbind", torch.chunk, torch.split, torch.unbind, *EVENLY)


def slices_instead_of_split(graph: fx.GraphModule, node: fx.Node) -> None:
    """Cut each piece of a chunk, split or unbind out of the whole.

    A piece keeps its numbers, so on integers it is read with the ruler of the whole.
    """
    if node.op not in ("call_function", "call_method") or node.target not in SPLITS:
        return
    given = {**dict(zip(("tensor", "size", "dim"), node.args, strict=False)), **node.kwargs}
    whole: Any = node.args[0] if node.args else next(iter(node.kwargs.values()))
    pieces = _pieces(node, given, whole.meta["shape"])
    if len(pieces[0]) == 1:  # along the first axis
        whole.meta[CUT] = node.name
    _hand_out(graph, node, whole, pieces)


def _hand_out(
    graph: fx.GraphModule, node: fx.Node, whole: fx.Node, pieces: list[tuple[Any, ...]]
) -> None:
    """Give every reader of `node` the pieces that it takes, and erase it."""
    for user in list(node.users):
        index: Any = user.args[1] if user.target is getitem else None
        if type(index) is int:
            user.args = (whole, pieces[index])
        elif isinstance(index, slice):
            _hand_out(graph, user, whole, pieces[index])
        else:
            with graph.graph.inserting_before(user):
                cut = tuple(graph.graph.call_function(getitem, (whole, at)) for at in pieces)
            _replace(user, node, cut)
    graph.graph.erase_node(node)


def _replace(user: fx.Node, node: fx.Node, pieces: tuple[fx.Node, ...]) -> None:
    user.args, user.kwargs = fx.node.map_arg(
        (user.args, user.kwargs), lambda read: pieces if read is node else read
    )


def _pieces(node: fx.Node, given: dict[str, Any], shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """The index of each piece."""
    if node.target in ("unbind", torch.unbind):
        axis = given.get("dim", given.get("size", 0)) % len(shape)
        return [(slice(None),) * axis + (at,) for at in range(shape[axis])]
    axis = given.get("dim", 0) % len(shape)
    wanted = next(given[name] for name in WANTED if name in given)
    if isinstance(wanted, fx.Node):
        wanted = wanted.meta["value"]
    length = shape[axis]
    if node.target in EVENLY:
        sample = torch.empty(length).tensor_split(wanted)
        wanted = [len(part) for part in sample]
    elif isinstance(wanted, int):
        chunked = node.target in ("chunk", torch.chunk)
        size = -(-length // wanted) if chunked else wanted
        wanted = [min(size, length - start) for start in range(0, length, size)]
    ends = [sum(wanted[: at + 1]) for at in range(len(wanted))]
    return [
        (slice(None),) * axis + (slice(end - size, end),)
        for end, size in zip(ends, wanted, strict=True)
    ]
