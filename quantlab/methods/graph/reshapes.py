"""One way to give numbers another shape: `reshape`, which asks nothing of the memory.

`view` runs only where the numbers already lie in its order. A model says so by `contiguous` or
`clone` before it, and neither is left in the normal form.
"""

from typing import Any

import torch
from torch import fx, nn

SHUFFLES = (torch.channel_shuffle, nn.functional.channel_shuffle)
UNSHUFFLES = (torch.pixel_unshuffle, nn.functional.pixel_unshuffle)


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
    """A channel shuffle or pixel unshuffle as what it is: axes apart, turned, and joined again."""
    found = _groups(graph, node), _block(graph, node)
    if found == (None, None):
        return
    x: Any = node.args[0] if node.args else node.kwargs["input"]
    if len(x.meta["shape"]) != 4 and found[0] is None:
        return
    apart, order, joined = _axes(x.meta["shape"], *found)
    with graph.graph.inserting_before(node):
        cut = graph.graph.call_method("reshape", (x, -1, *apart))
        turned = graph.graph.call_function(torch.permute, (cut, order))
        whole = graph.graph.call_method("reshape", (turned, -1, *joined))
    node.replace_all_uses_with(whole)
    graph.graph.erase_node(node)


def transpose_instead_of_attribute(graph: fx.GraphModule, node: fx.Node) -> None:
    """`x.mT` as a transpose of the last two axes; `x.T` too, where it has no others."""
    if node.target is not getattr or "shape" not in node.meta:
        return
    x: Any = node.args[0]
    if node.args[1] == "mT" or (node.args[1] == "T" and len(x.meta["shape"]) == 2):
        node.op, node.target, node.args = "call_method", "transpose", (x, -2, -1)


def _axes(
    shape: tuple[int, ...], groups: int | None, block: int | None
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The axes behind the batch when apart, the order of all, and those behind it when joined."""
    _, channels, *rest = shape
    if groups is not None:  # channels (groups, C / groups), read the other way round
        order = (0, 2, 1, *range(3, len(shape) + 1))
        return (groups, channels // groups, *rest), order, (channels, *rest)
    assert block is not None
    height, width = (size // block for size in rest)
    apart = (channels, height, block, width, block)
    return apart, (0, 1, 3, 5, 2, 4), (channels * block**2, height, width)


def _groups(graph: fx.GraphModule, node: fx.Node) -> int | None:
    """Of a channel shuffle; None for any other node."""
    return _setting(graph, node, nn.ChannelShuffle, SHUFFLES, "groups")


def _block(graph: fx.GraphModule, node: fx.Node) -> int | None:
    """Of a pixel unshuffle; None for any other node."""
    return _setting(graph, node, nn.PixelUnshuffle, UNSHUFFLES, "downscale_factor")


def _setting(
    graph: fx.GraphModule, node: fx.Node, kind: type, functions: tuple[Any, ...], name: str
) -> int | None:
    if node.op == "call_module":
        module = graph.get_submodule(str(node.target))
        return int(getattr(module, name)) if isinstance(module, kind) else None
    if node.op != "call_function" or node.target not in functions:
        return None
    given: Any = node.args[1] if len(node.args) > 1 else node.kwargs[name]
    return int(given.meta["value"] if isinstance(given, fx.Node) else given)
