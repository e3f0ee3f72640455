"""A constant that is added to a tensor or multiplied with it: one form for all ways to write it.

`x * 0.5`, `x / 2`, `x - mean` and `x + self.position` become `Add` or `Mul` of a tensor and a
constant that the model stores. So each can be computed on integers, where integers stand around it.
`x / c` is `x * (1 / c)`: the same to a rounding of float32. `x * 1` and `x + 0` are x.
"""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.calls import DTYPE, read_call
from quantlab.methods.graph.constants import store_tensor

#: What a function is instead, and what becomes of the constant.
SAME: dict[str, tuple[Any, Callable[[torch.Tensor], torch.Tensor]]] = {
    "add": (operator.add, lambda c: c),
    "mul": (operator.mul, lambda c: c),
    "sub": (operator.add, torch.neg),
    "div": (operator.mul, torch.reciprocal),
    "truediv": (operator.mul, torch.reciprocal),
}
BOTH_WAYS = ("add", "mul")
NEUTRAL = {operator.add: 0, operator.mul: 1}


def stored_operand(graph: fx.GraphModule, node: fx.Node) -> None:
    """One node: a sum or product with a stored constant, if it computes with one."""
    if node.op not in ("call_function", "call_method") or len(node.args) != 2 or node.kwargs:
        return
    function = read_call(graph, node).function
    found = _tensor_and_constant(graph, node) if function in SAME else None
    if found is None or node.meta.get(DTYPE) != torch.float32:
        return
    x, constant, stored = found
    if function not in BOTH_WAYS and node.args[0] is not x:
        return
    target, change = SAME[function]
    changed = change(constant.float())
    if torch.all(changed == NEUTRAL[target]) and node.meta["shape"] == x.meta["shape"]:
        node.replace_all_uses_with(x)
        graph.graph.erase_node(node)
        return
    if stored is None or not torch.equal(changed, constant) or constant.dtype != torch.float32:
        owner = "" if stored is None else str(stored.target).rpartition(".")[0]
        with graph.graph.inserting_before(node):
            stored = store_tensor(graph, f"{node.name}_constant", changed, owner)
        stored.meta |= {"shape": tuple(changed.shape), DTYPE: torch.float32}
    node.op, node.target, node.args = "call_function", target, (x, stored)


def _tensor_and_constant(
    graph: fx.GraphModule, node: fx.Node
) -> tuple[fx.Node, torch.Tensor, fx.Node | None] | None:
    """The operand that is computed, the other one's value, and the node that stores that, if any.

    None where both or neither are computed, or what is computed is no float32.
    """
    for x, other in (node.args, node.args[::-1]):
        if not isinstance(x, fx.Node) or x.op == "get_attr" or x.meta.get(DTYPE) != torch.float32:
            continue
        if isinstance(other, fx.Node) and other.op == "get_attr":
            owner, _, name = str(other.target).rpartition(".")
            return x, getattr(graph.get_submodule(owner), name).detach(), other
        if type(other) in (int, float):
            return x, torch.tensor(other, dtype=torch.float32), None
    return None
