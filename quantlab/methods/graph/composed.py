"""Calls of torch that are several operators, as those: what can be an integer operator then is one.

- `stack` is a concatenation of tensors with a new axis.
- `scaled_dot_product_attention` is two products around a softmax.
- `einsum` of two tensors is a product of matrices, where it is one: see `einsum`.
- `repeat_interleave` is an axis more, as long as asked, joined with the one before it.
- `roll` joins the end of an axis to its beginning: two slices and a concatenation.
- `addcmul` is a product and a sum, `normalize` a division by a norm.
- `silu` is its input times a sigmoid of it, as in ONNX: two integer operators of the runtime, of
  which the first is a table of 256 numbers.
- `max` along an axis, where only the numbers are read and not their places, is `amax`.
- `expand` before an operator that broadcasts by itself is nothing, and so is `to` the same type.
"""

import operator
from collections.abc import Callable
from math import inf
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import DTYPE, torch_class
from quantlab.methods.graph.constants import store_tensor
from quantlab.methods.graph.einsum import matmul_instead_of_einsum
from quantlab.methods.graph.operators import path_of

#: Operators that give two tensors one shape by themselves, by function and by method.
BROADCASTS = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    torch.add,
    torch.sub,
    torch.mul,
    torch.div,
    "add",
    "sub",
    "mul",
    "div",
)
ATTENTION = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")


def operators_instead_of_composed(graph: fx.GraphModule, node: fx.Node) -> None:
    """One node: the operators that it is made of, if it is such a call."""
    called: Any = node.target
    if node.op == "call_module":
        called = torch_class(graph.get_submodule(str(called)))
    elif node.op not in ("call_function", "call_method"):
        return
    if called in EXTREMES:
        _extreme(graph.graph, node)
    if called not in COMPOSED or "shape" not in node.meta:
        return
    with graph.graph.inserting_before(node):
        new = COMPOSED[called](graph.graph, node)
    if new is not None:
        new.meta |= {"shape": node.meta["shape"], DTYPE: node.meta[DTYPE]}
        node.replace_all_uses_with(new)
        graph.graph.erase_node(node)


def _extreme(graph: fx.Graph, node: fx.Node) -> None:
    """The largest or smallest numbers along an axis, read out of a pair with their places."""
    readers = list(node.users)
    if any(r.target is not operator.getitem or r.args[1] != 0 for r in readers) or not readers:
        return
    given = _given(node, "input", "dim", "keepdim")
    if "shape" in node.meta or not isinstance(given.get("dim"), int):
        return
    with graph.inserting_before(node):
        args = given["input"], given["dim"], given.get("keepdim", False)
        new = graph.call_method(EXTREMES[node.target], args)
    for reader in readers:
        new.meta |= {"shape": reader.meta["shape"], DTYPE: reader.meta[DTYPE]}
        reader.replace_all_uses_with(new)
        graph.erase_node(reader)
    graph.erase_node(node)


def _given(node: fx.Node, *names: str) -> dict[str, Any]:
    """The arguments that were given, by name."""
    return {**dict(zip(names, node.args, strict=False)), **node.kwargs}


def _stack(graph: fx.Graph, node: fx.Node) -> fx.Node:
    given = _given(node, "tensors", "dim")
    axis = given.get("dim", 0) % len(node.meta["shape"])
    parts = [graph.call_method("unsqueeze", (part, axis)) for part in given["tensors"]]
    return graph.call_function(torch.cat, (parts, axis))


def _attention(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    """softmax(query keyᵀ scale, masked) value; None with dropout or grouped heads."""
    given = _given(node, *ATTENTION)
    mask, query = given.get("attn_mask"), given["query"]
    if given.get("dropout_p") or given.get("enable_gqa"):
        return None
    if given.get("is_causal"):
        sizes = query.meta["shape"][-2], given["key"].meta["shape"][-2]
        mask = _stored(graph, f"{node.name}_mask", torch.ones(sizes, dtype=torch.bool).tril())
    scale = given.get("scale")
    turned = graph.call_method("transpose", (given["key"], -2, -1))
    scaled = graph.call_function(
        operator.mul, (query, query.meta["shape"][-1] ** -0.5 if scale is None else scale)
    )
    scores = graph.call_function(torch.matmul, (scaled, turned))
    if mask is not None and mask.meta[DTYPE] == torch.bool:
        scores = graph.call_function(torch.where, (mask, scores, -inf))
    elif mask is not None:
        scores = graph.call_function(operator.add, (scores, mask))
    weights = graph.call_function(torch.softmax, (scores, -1))
    return graph.call_function(torch.matmul, (weights, given["value"]))


def _stored(graph: fx.Graph, name: str, value: torch.Tensor) -> fx.Node:
    """A constant of the graph's module, told what it is."""
    assert graph.owning_module is not None, "a graph in the normal form belongs to a module"
    new = store_tensor(graph.owning_module, name, value, "")
    new.meta |= {"shape": tuple(value.shape), DTYPE: value.dtype}
    return new


def _roll(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    """Along given axes, the one of the images not among them."""
    given = _given(node, "input", "shifts", "dims")
    x: Any = given["input"]
    shifts, dims = (_listed(given.get(name)) for name in ("shifts", "dims"))
    shape = x.meta["shape"]
    if not dims or any(dim % len(shape) == 0 for dim in dims):
        return None
    for shift, dim in zip(shifts, dims, strict=True):
        axis = dim % len(shape)
        cut = shape[axis] - shift % shape[axis]
        if cut == shape[axis]:
            continue
        before = (slice(None),) * axis
        parts = [
            graph.call_function(operator.getitem, (x, (*before, part)))
            for part in (slice(cut, None), slice(None, cut))
        ]
        x = graph.call_function(torch.cat, (parts, axis))
    return x if isinstance(x, fx.Node) else None


def _listed(value: Any) -> list[int]:
    """One whole number or several, sizes that the model reads among them."""
    several = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [int(n.meta["value"] if isinstance(n, fx.Node) else n) for n in several]


def _repeat_interleave(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    """Each piece of an axis some times in a row: an axis more, as long, and joined with it."""
    given = _given(node, "input", "repeats", "dim")
    x, times = given["input"], given["repeats"]
    times = times.meta.get("value") if isinstance(times, fx.Node) else times
    if not isinstance(times, int) or not isinstance(given.get("dim"), int):
        return None
    shape = list(x.meta["shape"])
    axis = given["dim"] % len(shape)
    apart = graph.call_method("unsqueeze", (x, axis + 1))
    several = graph.call_method("expand", (apart, *[-1] * (axis + 1), times, *shape[axis + 1 :]))
    joined = [-1, *node.meta["shape"][1:]]
    return graph.call_method("reshape", (several, *joined))


def _addcmul(graph: fx.Graph, node: fx.Node) -> fx.Node:
    given = _given(node, "input", "tensor1", "tensor2")
    product = graph.call_function(operator.mul, (given["tensor1"], given["tensor2"]))
    if given.get("value", 1) != 1:
        product = graph.call_function(operator.mul, (product, given["value"]))
    return graph.call_function(operator.add, (given["input"], product))


def _normalize(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    given = _given(node, "input", "p", "dim", "eps")
    order, axis = given.get("p", 2), given.get("dim", 1)
    length = graph.call_function(torch.norm, (given["input"], order, axis, True))
    floor = graph.call_function(torch.clamp, (length, given.get("eps", 1e-12)))
    return graph.call_function(operator.truediv, (given["input"], floor))


def _silu(graph: fx.Graph, node: fx.Node) -> fx.Node:
    x = _given(node, "input")["input"]
    gate = graph.call_function(torch.sigmoid, (x,))
    product = graph.call_function(operator.mul, (x, gate))
    for new, part in ((gate, "sigmoid"), (product, "mul")):
        new.meta |= node.meta | {"path": f"{path_of(node)}.{part}"}
    return product


def _cosine(graph: fx.Graph, node: fx.Node) -> fx.Node:
    """The product of two directions, summed along an axis."""
    given = _given(node, "x1", "x2", "dim", "eps")
    axis, small = given.get("dim", 1), given.get("eps", 1e-8)
    even = []
    for x in (given["x1"], given["x2"]):
        length = graph.call_function(torch.norm, (x, 2, axis, True))
        floor = graph.call_function(torch.clamp, (length, small))
        even.append(graph.call_function(operator.truediv, (x, floor)))
    product = graph.call_function(operator.mul, tuple(even))
    return graph.call_function(torch.sum, (product, axis))


def _expand(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    """What it expands, if every reader comes to the same shape without it."""
    x: Any = node.args[0]
    for reader in node.users:
        sources = [x if source is node else source for source in reader.all_input_nodes]
        shapes = [source.meta["shape"] for source in sources if "shape" in source.meta]
        if reader.target not in BROADCASTS:
            return None
        if len(shapes) < 2 or torch.broadcast_shapes(*shapes) != reader.meta["shape"]:
            return None
    return x if isinstance(x, fx.Node) else None


def _to(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    x: Any = node.args[0]
    return x if x.meta.get(DTYPE) == node.meta[DTYPE] else None


EXTREMES = {torch.max: "amax", "max": "amax", torch.min: "amin", "min": "amin"}

COMPOSED: dict[Any, Callable[[fx.Graph, fx.Node], fx.Node | None]] = {
    torch.stack: _stack,
    F.scaled_dot_product_attention: _attention,
    **dict.fromkeys((torch.roll, "roll"), _roll),
    **dict.fromkeys((torch.repeat_interleave, "repeat_interleave"), _repeat_interleave),
    torch.einsum: matmul_instead_of_einsum,
    **dict.fromkeys((torch.addcmul, "addcmul"), _addcmul),
    F.normalize: _normalize,
    **dict.fromkeys((F.cosine_similarity, torch.cosine_similarity), _cosine),
    **dict.fromkeys((nn.SiLU, F.silu), _silu),
    **dict.fromkeys(("expand", "expand_as"), _expand),
    **dict.fromkeys(("to", "type", "type_as", "float"), _to),
}
