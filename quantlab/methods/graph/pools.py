"""What is an average pool by another name: a mean over the picture, and a resize by areas."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import DTYPE, read_call


def pool_instead_of_mean(graph: fx.GraphModule, node: fx.Node) -> None:
    """The mean over height and width: a global pool, with a flatten where it drops the axes."""
    if node.target not in ("mean", torch.mean) or node.op not in ("call_method", "call_function"):
        return
    x: Any = node.args[0]
    dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    keepdim = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
    shape = x.meta.get("shape") if isinstance(x, fx.Node) else None
    if not isinstance(dims, list | tuple) or shape is None or len(shape) != 4:
        return
    if {int(d) % 4 for d in dims if isinstance(d, int)} != {2, 3} or "dtype" in node.kwargs:
        return
    if x.meta[DTYPE] != torch.float32:  # ONNX Runtime has no other pools
        return
    with graph.graph.inserting_before(node):
        new = graph.graph.call_function(F.adaptive_avg_pool2d, (x, 1))
        if not keepdim:
            new = graph.graph.call_function(torch.flatten, (new, 1))
    _replace(graph, node, new)


def pool_instead_of_area(graph: fx.GraphModule, node: fx.Node) -> None:
    """interpolate with mode="area" of pictures, which torch computes by an adaptive pool too."""
    shape = node.meta.get("shape", ())
    if not node.op.startswith("call_") or len(shape) != 4:
        return
    call = read_call(graph, node)
    if call.function != "interpolate" or call.settings["mode"] != "area":
        return
    source: Any = call.inputs[0]
    with graph.graph.inserting_before(node):
        new = graph.graph.call_function(F.adaptive_avg_pool2d, (source, tuple(shape[2:])))
    _replace(graph, node, new)


def pool_instead_of_adaptive_maximum(graph: fx.GraphModule, node: fx.Node) -> None:
    """An adaptive max pool whose windows are all alike, and cover the picture once: a max pool."""
    shape = node.meta.get("shape", ())
    if node.op == "call_module":
        adaptive = isinstance(graph.get_submodule(str(node.target)), nn.AdaptiveMaxPool2d)
    else:
        adaptive = node.target is F.adaptive_max_pool2d
    if not adaptive or len(shape) != 4:
        return
    source: Any = node.args[0]
    sizes = list(zip(source.meta["shape"][2:], shape[2:], strict=True))
    if any(before % after for before, after in sizes):
        return
    window = tuple(before // after for before, after in sizes)
    with graph.graph.inserting_before(node):
        new = graph.graph.call_function(F.max_pool2d, (source, window, window))
    _replace(graph, node, new)


def _replace(graph: fx.GraphModule, old: fx.Node, new: fx.Node) -> None:
    new.meta |= {"shape": old.meta["shape"], DTYPE: old.meta[DTYPE]}
    if "path" in old.meta:
        new.meta["path"] = old.meta["path"]
    old.replace_all_uses_with(new)
    graph.graph.erase_node(old)
