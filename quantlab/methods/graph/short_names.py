"""Calls that are another call by a shorter name: written as that one, which the rest knows."""

import operator
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx


def longer_instead_of_short(graph: fx.GraphModule, node: fx.Node) -> None:
    """One node, in place; one that is no such call is left as it is."""
    called = node.op in ("call_function", "call_method") and "shape" in node.meta
    if called and node.target in SHORT:
        SHORT[node.target](graph.graph, node)


#: What torch's own operators also take, for those who know numpy.
NUMPY = {"axis": "dim", "axes": "dims", "keepdims": "keepdim", "x2": "other"}


def torch_s_own_names(graph: fx.GraphModule) -> None:
    """`x.mean(axis=1, keepdims=True)` says `dim` and `keepdim`, as all that reads it expects."""
    for node in graph.graph.nodes:
        if node.op == "call_method" or isinstance(node.target, BuiltinFunctionType):
            node.kwargs = {NUMPY.get(name, name): value for name, value in node.kwargs.items()}


def _given(node: fx.Node, *names: str) -> dict[str, Any]:
    """The arguments by name, sizes as the numbers they are."""
    given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    return fx.node.map_arg(value, lambda read: read.meta.get("value", read))


def _becomes(node: fx.Node, target: Any, *args: Any) -> None:
    node.op = "call_method" if isinstance(target, str) else "call_function"
    node.target, node.args, node.kwargs = target, args, {}


def _cut(node: fx.Node, axis: int, part: slice | int) -> None:
    x: Any = node.args[0]
    before = (slice(None),) * (axis % len(x.meta["shape"]))
    _becomes(node, operator.getitem, x, (*before, part))


def _narrow(graph: fx.Graph, node: fx.Node) -> None:
    given = _given(node, "input", "dim", "start", "length")
    start, length = given["start"], given["length"]
    if type(start) is int and type(length) is int and given["dim"] % len(node.meta["shape"]):
        start %= node.args[0].meta["shape"][given["dim"]]  # type: ignore[union-attr]
        _cut(node, given["dim"], slice(start, start + length))


def _select(graph: fx.Graph, node: fx.Node) -> None:
    given = _given(node, "input", "dim", "index")
    if type(given["index"]) is int:
        _cut(node, given["dim"], given["index"])


def _tile(graph: fx.Graph, node: fx.Node) -> None:
    x, *times = _plain(node.args)
    given = node.kwargs.get("dims", times[0] if times and not isinstance(times[0], int) else times)
    rank = len(node.meta["shape"])
    _becomes(node, "repeat", x, *[1] * (rank - len(given)), *given)


def _broadcast_to(graph: fx.Graph, node: fx.Node) -> None:
    """Its sizes stay what they are read off."""
    size: Any = node.args[1] if len(node.args) > 1 else node.kwargs["size"]
    _becomes(node, "expand", node.args[0], *([size] if isinstance(size, fx.Node) else size))


def _movedim(graph: fx.Graph, node: fx.Node) -> None:
    given = _given(node, "input", "source", "destination")
    rank = len(node.meta["shape"])
    order = torch.empty((0,) * rank).new_empty(tuple(range(2, rank + 2)))
    moved = order.movedim(given["source"], given["destination"]).shape
    _becomes(node, torch.permute, given["input"], tuple(size - 2 for size in moved))


def _flipped(axis: int) -> Callable[[fx.Graph, fx.Node], None]:
    return lambda graph, node: _becomes(node, torch.flip, node.args[0], (axis,))


def _of_two(target: Any) -> Callable[[fx.Graph, fx.Node], None]:
    """The larger or smaller of two tensors, number by number."""

    def shorter(graph: fx.Graph, node: fx.Node) -> None:
        given = _given(node, "input", "other")
        if isinstance(given.get("other"), fx.Node) and "shape" in given["other"].meta:
            _becomes(node, target, given["input"], given["other"])

    return shorter


def _product_and_sum(graph: fx.Graph, node: fx.Node) -> None:
    """beta input + alpha (first second), with both factors 1."""
    if {node.kwargs.get("alpha", 1), node.kwargs.get("beta", 1)} != {1}:
        return
    x, first, second = node.args
    with graph.inserting_before(node):
        product = graph.call_function(torch.matmul, (first, second))
    product.meta |= {"shape": node.meta["shape"], "dtype": node.meta["dtype"]}
    _becomes(node, operator.add, product, x)


def _named_result(graph: fx.Graph, node: fx.Node) -> None:
    """`x.max(1).values` is `x.max(1)[0]`."""
    source, name = node.args[0], node.args[1]
    if name in RESULTS and isinstance(source, fx.Node) and "shape" not in source.meta:
        _becomes(node, operator.getitem, source, RESULTS.index(str(name)))


def _without_empty(graph: fx.Graph, node: fx.Node) -> None:
    """Joined with tensors that hold no number, such as a slice up to the end, is without them."""
    given = _given(node, "tensors", "dim")
    parts = given["tensors"]
    if not isinstance(parts, list | tuple) or not all(isinstance(p, fx.Node) for p in parts):
        return
    full = [part for part in parts if 0 not in part.meta.get("shape", ())]
    if len(full) == 1 < len(parts):
        node.replace_all_uses_with(full[0])
    elif 1 < len(full) < len(parts):
        _becomes(node, torch.cat, full, given.get("dim", 0))


def _vector_product(graph: fx.Graph, node: fx.Node) -> None:
    """A linear layer whose weight is a vector, as in D-FINE's heads: a product without its axis."""
    given = _given(node, "input", "weight", "bias")
    if len(given["weight"].meta["shape"]) == 1 and given.get("bias") is None:
        _becomes(node, torch.matmul, given["input"], given["weight"])


#: The results of what looks for numbers and their places, in order.
RESULTS = ("values", "indices")

SHORT: dict[Any, Callable[[fx.Graph, fx.Node], None]] = {
    getattr: _named_result,
    F.linear: _vector_product,
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), _without_empty),
    **dict.fromkeys((torch.narrow, "narrow"), _narrow),
    **dict.fromkeys((torch.select, "select"), _select),
    **dict.fromkeys((torch.tile, "tile"), _tile),
    **dict.fromkeys((torch.broadcast_to, "broadcast_to"), _broadcast_to),
    **dict.fromkeys((torch.movedim, torch.moveaxis, "movedim", "moveaxis"), _movedim),
    **dict.fromkeys((torch.fliplr, "fliplr"), _flipped(1)),
    **dict.fromkeys((torch.max, "max"), _of_two(torch.maximum)),
    **dict.fromkeys((torch.min, "min"), _of_two(torch.minimum)),
    **dict.fromkeys((torch.addmm, "addmm", torch.baddbmm, "baddbmm"), _product_and_sum),
}
