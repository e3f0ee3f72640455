"""One way to give numbers another shape: `reshape`, which asks nothing of the memory.

`view` runs only where the numbers already lie in its order. A model says so by `contiguous` or
`clone` before it, and neither is left in the normal form.
"""

from typing import Any

import torch
from torch import fx, nn

SHUFFLES = (torch.channel_shuffle, nn.functional.channel_shuffle)


def reshape_instead_of_view(graph: fx.GraphModule) -> None:
    """`view`, `view_as` and `reshape_as` become `reshape`; a view as another dtype is left."""
    for node in list(graph.graph.nodes):
        if node.op != "call_method":
            continue
        if node.target in ("view_as", "reshape_as"):
            other = node.args[1] if len(node.args) > 1 else node.kwargs["other"]
            with graph.graph.inserting_before(node):
                size = graph.graph.call_method("size", (other,))
            node.target, node.args, node.kwargs = "reshape", (node.args[0], size), {}
        elif node.target == "view" and not _other_dtype(node):
            size = node.kwargs.get("size")
            node.target, node.kwargs = "reshape", {} if size is None else {"shape": size}


def _other_dtype(node: fx.Node) -> bool:
    given = (*node.args[1:], *node.kwargs.values())
    return any(isinstance(value, torch.dtype) for value in given)


def moves_instead_of_shuffle(graph: fx.GraphModule, node: fx.Node) -> None:
    """A channel shuffle as what it is: channels (groups, C / groups) read the other way round."""
    groups = _groups(graph, node)
    if groups is None:
        return
    x: Any = node.args[0] if node.args else node.kwargs["input"]
    _, channels, *rest = x.meta["shape"]
    with graph.graph.inserting_before(node):
        apart = graph.graph.call_method("reshape", (x, -1, groups, channels // groups, *rest))
        turned = graph.graph.call_method("transpose", (apart, 1, 2))
        joined = graph.graph.call_method("reshape", (turned, -1, channels, *rest))
    node.replace_all_uses_with(joined)
    graph.graph.erase_node(node)


def _groups(graph: fx.GraphModule, node: fx.Node) -> int | None:
    """Of a channel shuffle; None for any other node."""
    if node.op == "call_module":
        module = graph.get_submodule(str(node.target))
        return module.groups if isinstance(module, nn.ChannelShuffle) else None
    if node.op != "call_function" or node.target not in SHUFFLES:
        return None
    groups: Any = node.args[1] if len(node.args) > 1 else node.kwargs["groups"]
    return int(groups.meta["value"] if isinstance(groups, fx.Node) else groups)
