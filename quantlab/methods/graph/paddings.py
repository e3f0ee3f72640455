"""Padding that a convolution or a max pool does itself; any other padding stands before it."""

from math import inf
from typing import Any

import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import absorb, read_call, torch_class
from quantlab.methods.graph.uneven_conv import UnevenConv2d
from quantlab.methods.graph.uneven_pool import UnevenMaxPool2d


def padding_before_convolution(graph: fx.GraphModule, node: fx.Node) -> None:
    """Let a Conv2d that pads by reflection, repetition or in a circle be a padding and a Conv2d.

    ONNX's convolution pads with zeros only. So it is computed on integers, behind the padding.
    """
    layer: Any = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    if layer is None or torch_class(layer) is not nn.Conv2d or layer.padding_mode == "zeros":
        return
    sides, mode = layer._reversed_padding_repeated_twice, layer.padding_mode
    with graph.graph.inserting_before(node):
        padded = graph.graph.call_function(F.pad, (node.args[0], tuple(sides), mode))
    padded.meta["path"] = f"{node.meta['path']}.padding"
    layer.padding, layer.padding_mode = (0, 0), "zeros"
    node.args = (padded, *node.args[1:])


def padding_into_convolution(graph: fx.GraphModule, node: fx.Node) -> None:
    """Let a Conv2d read what is padded, and pad it itself: both sides alike, or each its own way.

    Another value than 0, a mode that repeats pixels, and what cuts pixels off stay operators.
    """
    if node.op != "call_module":
        return
    layer: Any = graph.get_submodule(str(node.target))
    if torch_class(layer) is not nn.Conv2d or layer.padding_mode != "zeros":
        return
    source = node.args[0] if node.args else None
    if layer.padding == "same" or not isinstance(source, fx.Node):
        return
    found = _zeros(graph, source)
    if found is None:
        return
    x, (left, right, top, bottom) = found
    if min(left, right, top, bottom) < 0 or len(x.meta["shape"]) != 4:
        return
    height, width = (0, 0) if layer.padding == "valid" else layer.padding
    sides = (height + top, width + left, height + bottom, width + right)
    if sides[:2] == sides[2:]:
        layer.padding = sides[:2]
    else:
        layer.__class__ = UnevenConv2d  # a plain Conv2d in all else
        layer.padding = sides
    absorb(node, source)
    node.args = (x, *node.args[1:])


def padding_into_pool(graph: fx.GraphModule, node: fx.Node) -> None:
    """Let a max pool pad itself where -inf was padded before it, which no maximum sees."""
    call = read_call(graph, node) if node.op.startswith("call_") and "shape" in node.meta else None
    source: Any = call.inputs[0] if call is not None and call.inputs else None
    if call is None or call.function != "max_pool2d" or call.settings["return_indices"]:
        return
    if source.op != "call_function" or source.target is not F.pad or len(source.users) > 1:
        return
    given = {**dict(zip(("input", "pad", "mode", "value"), source.args, strict=False))}
    given |= source.kwargs
    ends = fx.node.map_arg(given["pad"], lambda read: read.meta.get("value"))
    if given.get("value") != -inf or len(ends) != 4 or min(ends) < 0:
        return
    settings = {name: _both(call.settings[name]) for name in ("kernel_size", "padding", "dilation")}
    left, right, top, bottom = ends
    height, width = settings["padding"]
    sides = (height + top, width + left, height + bottom, width + right)
    if any(side >= settings["kernel_size"][at % 2] for at, side in enumerate(sides)):
        return  # ONNX Runtime takes no window that lies in the padding alone
    stride = call.settings["stride"]
    layer = UnevenMaxPool2d(
        settings["kernel_size"],
        settings["kernel_size"] if stride in (None, [], ()) else _both(stride),
        sides,
        settings["dilation"],
        ceil_mode=bool(call.settings["ceil_mode"]),
    )
    name = f"{node.name}_padded"
    graph.add_submodule(name, layer)
    absorb(node, source)
    node.meta.setdefault("path", node.name)
    node.op, node.target, node.args, node.kwargs = "call_module", name, (given["input"],), {}


def _both(value: Any) -> tuple[int, int]:
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    return int(both[0]), int(both[-1])


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
