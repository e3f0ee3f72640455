"""A padding with zeros that a convolution reads is that convolution's own padding."""

from typing import Any

import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import torch_class


def padding_into_convolution(graph: fx.GraphModule, node: fx.Node) -> None:
    """Let a Conv2d read what is padded, and pad it itself, where both sides get as many zeros.

    torch has no convolution that pads one side more than the other, so such a padding stays.
    """
    if node.op != "call_module":
        return
    layer: Any = graph.get_submodule(str(node.target))
    if torch_class(layer) is not nn.Conv2d or layer.padding_mode != "zeros":
        return
    source = node.args[0] if node.args else None
    if isinstance(layer.padding, str) or not isinstance(source, fx.Node):
        return
    found = _zeros(graph, source)
    if found is None:
        return
    x, (left, right, top, bottom) = found
    if (left, top) != (right, bottom) or min(left, top) < 0 or len(x.meta["shape"]) != 4:
        return
    layer.padding = (layer.padding[0] + top, layer.padding[1] + left)
    node.args = (x, *node.args[1:])


def _zeros(graph: fx.GraphModule, node: fx.Node) -> tuple[fx.Node, list[int]] | None:
    """What a node pads with zeros, and by how many: left, right, top, bottom."""
    if node.op == "call_module":
        layer: Any = graph.get_submodule(str(node.target))
        if not isinstance(layer, nn.ZeroPad2d | nn.ConstantPad2d) or layer.value != 0:
            return None
        given: Any = {"input": node.args[0], "pad": layer.padding}
    elif node.op == "call_function" and node.target is F.pad:
        names = ("input", "pad", "mode", "value")
        given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
        if given.get("mode", "constant") != "constant" or given.get("value"):
            return None
    else:
        return None
    whole = fx.node.map_arg(given["pad"], lambda read: read.meta.get("value"))
    if len(whole) > 4 or not all(isinstance(end, int) for end in whole):
        return None
    return given["input"], [*whole, 0, 0][:4]
