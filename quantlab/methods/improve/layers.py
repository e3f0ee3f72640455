"""Convolutions and linear layers as modules: their weights by channel, their output for others."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

ConvOrLinear = nn.Conv2d | nn.Linear


def node_named(graph: fx.GraphModule, name: str) -> fx.Node:
    """The node called `name`."""
    return next(node for node in graph.graph.nodes if node.name == name)


def layer_of(graph: fx.GraphModule, node: fx.Node) -> ConvOrLinear:
    """The module of a layer: in the normal form every convolution and linear layer is one."""
    module = graph.get_submodule(str(node.target))
    assert isinstance(module, ConvOrLinear)
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


def channel_axis(module: nn.Module) -> int:
    """Along which axis the outputs of a layer lie: the last one of a linear layer."""
    return -1 if isinstance(module, nn.Linear) else 1


def groups_of(module: ConvOrLinear) -> int:
    """1 for a linear layer."""
    return int(module.groups) if isinstance(module, nn.Conv2d) else 1


def put(module: ConvOrLinear, name: str, values: np.ndarray) -> None:
    """Give a layer new weights or biases, in the dtype its weights have."""
    exact = torch.from_numpy(values).to(module.weight.dtype)
    setattr(module, name, nn.Parameter(exact, requires_grad=False))


def as_float64(parameter: torch.Tensor) -> np.ndarray:
    """A parameter as a float64 array of its own."""
    return parameter.detach().to(torch.float64).numpy().copy()


def output_of(
    module: ConvOrLinear, weight: torch.Tensor, bias: torch.Tensor | None, x: torch.Tensor
) -> torch.Tensor:
    """What a layer gives for x with other weights and another bias."""
    if isinstance(module, nn.Conv2d):
        return module._conv_forward(x, weight, bias)
    return F.linear(x, weight, bias)
