"""A constant by which a layer's output is multiplied, or that is added to it, goes into the layer.

Layer scale (`gamma * block(x)`), a residual branch times 0.1, a learned scale and shift: one number
a channel, or one for all. `c * (W x + b) = (c W) x + c b`, so the layer computes the same with
other weights, and no operator is left behind it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.methods.graph.calls import absorb, read_call, torch_class
from quantlab.methods.graph.uneven_conv import UnevenConv2d

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, UnevenConv2d)
BATCHNORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

#: What each function does to `factor * x + shift`, by the constant behind x.
APPLIED: dict[str, Callable[[Any, Any, Any], tuple[Any, Any]]] = {
    "mul": lambda factor, shift, c: (factor * c, shift * c),
    "add": lambda factor, shift, c: (factor, shift + c),
    "sub": lambda factor, shift, c: (factor, shift - c),
    "div": lambda factor, shift, c: (factor / c, shift / c),
    "truediv": lambda factor, shift, c: (factor / c, shift / c),
}
BOTH_WAYS = ("mul", "add")


def constant_into_layer(graph: fx.GraphModule, node: fx.Node) -> None:
    """Fold a node that computes with a layer's output and a constant into that layer.

    Between the two may be transposes. The layer is one that nothing else reads. The arithmetic is
    float64, the results are rounded once to float32.
    """
    if node.op not in ("call_function", "call_method") or len(node.args) != 2 or node.kwargs:
        return
    function = read_call(graph, node).function
    found = _output_and_constant(graph, node) if function in APPLIED else None
    if found is None or (function not in BOTH_WAYS and node.args[0] is not found[0]):
        return
    output, constant = found
    behind = _layer_behind(graph, output)
    if behind is None or output.meta["shape"] != node.meta["shape"]:
        return
    layer, axis = behind
    vector = _one_a_channel(constant, axis, output.meta["shape"])
    if vector is None or (function.endswith("div") and not vector.all()):
        return
    _put(graph.get_submodule(str(layer.target)), *APPLIED[function](1.0, 0.0, vector))
    absorb(layer, node)
    node.replace_all_uses_with(output)
    graph.graph.erase_node(node)


def _output_and_constant(graph: fx.GraphModule, node: fx.Node) -> tuple[fx.Node, np.ndarray] | None:
    """The operand that the model computes, and the value of the other one, which it stores."""
    for output, other in (node.args, node.args[::-1]):
        if not isinstance(output, fx.Node) or "shape" not in output.meta or output.op == "get_attr":
            continue
        if isinstance(other, fx.Node) and other.op == "get_attr":
            owner, _, name = str(other.target).rpartition(".")
            tensor: Any = getattr(graph.get_submodule(owner), name)
            return output, tensor.detach().double().numpy()
        if isinstance(other, int | float):
            return output, np.asarray(other, dtype=np.float64)
    return None


def _layer_behind(graph: fx.GraphModule, output: fx.Node) -> tuple[fx.Node, int] | None:
    """The layer whose output this is, perhaps transposed, and the axis of its channels."""
    orders: list[tuple[int, ...]] = []
    node = output
    while len(node.users) == 1 and "shape" in node.meta and node.op.startswith("call_"):
        rank = len(node.meta["shape"])
        if node.op == "call_module":
            axis = _channel_axis(graph, node, rank)
            for order in reversed(orders):
                axis = None if axis is None else order.index(axis)
            return None if axis is None else (node, axis)
        turned = _order(graph, node, rank)
        if turned is None:
            return None
        orders.append(turned)
        node = node.all_input_nodes[0]
    return None


def _channel_axis(graph: fx.GraphModule, layer: fx.Node, rank: int) -> int | None:
    """Along which axis a layer's outputs lie; None where its weights are not its own, or none."""
    module: Any = graph.get_submodule(str(layer.target))
    kind = torch_class(module)
    owners = {
        str(node.target).rpartition(".")[0] for node in graph.graph.nodes if node.op == "get_attr"
    }
    if kind not in (*CONVOLUTIONS, *BATCHNORMS, nn.Linear) or str(layer.target) in owners:
        return None
    if kind is nn.Linear:
        return rank - 1
    return 1 if kind in BATCHNORMS or rank == module.weight.ndim else None


def _order(graph: fx.GraphModule, node: fx.Node, rank: int) -> tuple[int, ...] | None:
    """Of a transpose or permute; None for any other node."""
    call = read_call(graph, node)
    if call.function == "permute":
        return tuple(int(axis) % rank for axis in call.settings["dims"])
    if call.function != "transpose":
        return None
    order = list(range(rank))
    a, b = (int(call.settings[name]) % rank for name in ("dim0", "dim1"))
    order[a], order[b] = b, a
    return tuple(order)


def _one_a_channel(constant: np.ndarray, axis: int, shape: tuple[int, ...]) -> np.ndarray | None:
    """The constant as one number a channel; None where it differs along another axis."""
    if np.ndim(constant) > len(shape):
        return None
    aligned = np.reshape(constant, (1,) * (len(shape) - np.ndim(constant)) + np.shape(constant))
    if any(size != 1 for at, size in enumerate(aligned.shape) if at != axis):
        return None
    return np.asarray(np.broadcast_to(aligned.reshape(-1), shape[axis]))


def _put(layer: Any, factor: Any, shift: Any) -> None:
    """Let a layer give `factor * y + shift` where it gave y."""
    if isinstance(layer, BATCHNORMS):
        ones, zeros = np.ones(layer.num_features), np.zeros(layer.num_features)
        weight = ones if layer.weight is None else layer.weight.detach().double().numpy()
        bias = zeros if layer.bias is None else layer.bias.detach().double().numpy()
    else:
        weight = layer.weight.detach().double().numpy()
        has_none = layer.bias is None
        bias = np.zeros(len(weight)) if has_none else layer.bias.detach().double().numpy()
    columns = np.reshape(factor, (-1, *(1,) * (weight.ndim - 1)))
    layer.weight = _parameter(weight * columns)
    moved = bias * factor + shift
    if layer.bias is not None or moved.any() or isinstance(layer, BATCHNORMS):
        layer.bias = _parameter(moved)


def _parameter(values: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.float32(values)), requires_grad=False)
