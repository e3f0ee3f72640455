"""Which two layers have only one way between them, on which a factor a channel can be moved."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn

from quantlab.methods.operators import Operator, Unsupported, is_operator, operator_of

LAYERS = ("Conv", "Gemm")
Layer = nn.Conv2d | nn.Linear
# f(s * x) = s * f(x) for each channel and every s > 0.
PASS_A_FACTOR = (
    "Relu", "MaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Flatten", "Identity",
)  # fmt: skip


@dataclass(frozen=True)
class LayerPair:
    """A layer, the operators after it, and the layer that alone reads the last of them.

    Parameters
    ----------
    first, second : str
        Names of fx nodes, each a convolution or a linear layer.
    between : tuple of str
        Names of the fx nodes on the way, in order.
    kinds : tuple of str
        Their ONNX operators.
    """

    first: str
    second: str
    between: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """A layer that a method did not touch, by its fx node name, and why."""

    layer: str
    reason: str


def layer_pairs(graph: fx.GraphModule) -> tuple[tuple[LayerPair, ...], tuple[LeftOut, ...]]:
    """The pairs of a graph in the order they are computed, and the layers that start none.

    A tensor on the way may have one reader only: a second one would see the factor too. What may
    lie on the way is in PASS_A_FACTOR. A layer is in at most two pairs: once first, once second.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` or `fold_batchnorm` returns it.
    """
    pairs, left_out = [], []
    for node in graph.graph.nodes:
        if kind_of(graph, node) in LAYERS:
            found = _follow(graph, node)
            if isinstance(found, LayerPair):
                pairs.append(found)
            else:
                left_out.append(LeftOut(node.name, found))
    return tuple(pairs), tuple(left_out)


def _follow(graph: fx.GraphModule, first: fx.Node) -> LayerPair | str:
    """The pair that starts at a layer, or the reason why there is none."""
    node = first
    between: list[str] = []
    kinds: list[str] = []
    while True:
        # A node that reads only the size of a tensor sees no factor.
        readers = [user for user in node.users if user.op == "output" or is_operator(user)]
        if len(readers) != 1:
            names = ", ".join(user.name for user in readers)
            return f"{node.name} has {len(readers)} readers ({names})"
        reader = readers[0]
        if reader.op == "output":
            return f"{node.name} is an output of the model"
        operator = operator_of(graph, reader)
        if isinstance(operator, Unsupported):
            return f"{reader.name} is {operator.name}, of which it is not known to pass a factor on"
        if operator.kind in LAYERS:
            return LayerPair(first.name, reader.name, tuple(between), tuple(kinds))
        reason = _reason_against(operator, reader.name)
        if reason is not None:
            return reason
        node = reader
        between.append(node.name)
        kinds.append(operator.kind)


def _reason_against(operator: Operator, name: str) -> str | None:
    if operator.kind == "Clip":
        return (
            f"{name} clips every channel at the same height: replace_relu6 makes it a ReLU first, "
            f"which changes the values above that height"
        )
    flattens = operator.kind == "Reshape" and len(operator.attributes["shape"]) == 2
    if operator.kind not in PASS_A_FACTOR and not flattens:
        return f"{name} is {operator.kind}, which does not pass a factor on"
    return None


def kind_of(graph: fx.GraphModule, node: fx.Node) -> str | None:
    """The ONNX operator of a node, None where there is none."""
    operator = operator_of(graph, node) if is_operator(node) else None
    return operator.kind if isinstance(operator, Operator) else None


def node_named(graph: fx.GraphModule, name: str) -> fx.Node:
    """The node called `name`."""
    return next(node for node in graph.graph.nodes if node.name == name)


def layer_of(graph: fx.GraphModule, node: fx.Node) -> Layer:
    """The module of a layer: in the normal form every convolution and linear layer is one."""
    module = graph.get_submodule(str(node.target))
    assert isinstance(module, Layer)
    return module


def by_channels(weight: np.ndarray, channels: int, groups: int) -> np.ndarray:
    """A layer's weights with input channels, output channels and places told apart.

    Parameters
    ----------
    weight : array (M, C / groups, *kernel), or (M, C * places) of a linear layer after a flatten
    channels : int
        C.
    groups : int

    Returns
    -------
    array (groups, M / groups, C / groups, places), a view where `weight` allows one
    """
    return weight.reshape(groups, weight.shape[0] // groups, channels // groups, -1)


def groups_of(module: Layer) -> int:
    """1 for a linear layer."""
    return int(module.groups) if isinstance(module, nn.Conv2d) else 1


def put(module: Layer, name: str, values: np.ndarray) -> None:
    """Give a layer new weights or biases, in the dtype its weights have."""
    exact = torch.from_numpy(values).to(module.weight.dtype)
    setattr(module, name, nn.Parameter(exact, requires_grad=False))


def as_float64(parameter: torch.Tensor) -> np.ndarray:
    """A parameter as a float64 array of its own."""
    return parameter.detach().to(torch.float64).numpy().copy()
