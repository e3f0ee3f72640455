"""What a model computes from its own parameters alone is computed once, and stored.

`self.gamma.reshape(1, -1, 1, 1)`, standardized weights, a matrix transposed: none of them reads the
input, so each is one more constant. It is kept where the first parameter it reads is, because a
layer is named by where its weight is.
"""

from typing import Any

import torch
from torch import fx

PLAIN = (bool, int, float, tuple, torch.dtype)


def fold_constants(graph: fx.GraphModule) -> None:
    """Replace what does not depend on the input by its value, in place.

    A tensor becomes a buffer and the node that reads it; a size becomes a number. Each operator is
    run once by torch, as it would be at every call, so the values are the same to the last bit.
    """
    known: dict[fx.Node, Any] = {}
    owners: dict[fx.Node, str] = {}
    interpreter = fx.Interpreter(graph)
    for node in graph.graph.nodes:
        sources = node.all_input_nodes
        if node.op == "get_attr":
            known[node] = interpreter.fetch_attr(str(node.target))
            owners[node] = str(node.target).rpartition(".")[0]
        elif node.op.startswith("call_") and sources and known.keys() >= set(sources):
            known[node] = _value(interpreter, node, known)
            owners[node] = owners[sources[0]]
    for node, value in known.items():
        if node.op != "get_attr" and any(user not in known for user in node.users):
            _store(graph, node, value, owners[node])


def depends_on_input(node: fx.Node) -> bool:
    """Whether a node is computed from the model's input, and not from its parameters alone."""
    waiting, seen = [node], {node}
    while waiting:
        now = waiting.pop()
        if now.op == "placeholder":
            return True
        waiting += [source for source in now.all_input_nodes if source not in seen]
        seen.update(now.all_input_nodes)
    return False


def fetched(graph: fx.GraphModule, node: fx.Node) -> torch.Tensor:
    """The parameter or buffer that a get_attr node reads."""
    owner, _, name = str(node.target).rpartition(".")
    tensor: torch.Tensor = getattr(graph.get_submodule(owner), name)
    return tensor


def store_tensor(graph: fx.GraphModule, name: str, value: torch.Tensor, owner: str) -> fx.Node:
    """Keep a tensor as a buffer of the module `owner`; the new node that reads it."""
    graph.get_submodule(owner).register_buffer(name, value.detach().clone())
    return graph.graph.get_attr(f"{owner}.{name}" if owner else name)


def _value(interpreter: fx.Interpreter, node: fx.Node, known: dict[fx.Node, Any]) -> Any:
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
    return getattr(interpreter, node.op)(node.target, args, kwargs)


def _store(graph: fx.GraphModule, node: fx.Node, value: Any, owner: str) -> None:
    if isinstance(value, torch.Tensor):
        with graph.graph.inserting_before(node):
            stored = store_tensor(graph, f"{node.name}_value", value, owner)
        node.replace_all_uses_with(stored)
    elif isinstance(value, PLAIN):
        plain = tuple(value) if isinstance(value, tuple) else value  # torch.Size is one
        for user in list(node.users):
            user.args, user.kwargs = fx.node.map_arg(
                (user.args, user.kwargs), lambda read: plain if read is node else read
            )
