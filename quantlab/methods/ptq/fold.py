"""BatchNorm folding: a layer and the normalization after it become one layer."""

from copy import deepcopy

import numpy as np
import torch
from torch import fx, nn

from quantlab.methods.graph.operators import (
    OnnxOperator,
    batchnorm_parameters_of,
    is_operator,
    operator_of,
    parameters_of,
)
from quantlab.methods.ptq.channel_statistics import ChannelStatistics


def fold_batchnorm(graph: fx.GraphModule) -> fx.GraphModule:
    """A new graph in which every BatchNorm that alone reads a convolution or linear layer is gone.

    `w' = w * gamma / sqrt(var + eps)`, `b' = (b - mean) * gamma / sqrt(var + eps) + beta`, for each
    output channel (Jacob et al. 2018, arXiv:1712.05877, section 3.2). The arithmetic is float64;
    the results are rounded once to float32. The layer keeps its name and has a bias afterwards.
    A BatchNorm after anything else stays as it is. What a folded one says about the distribution of
    the layer's outputs is kept: see `ChannelStatistics.kept_by`.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` returns it. It is not changed.

    Examples
    --------
    >>> from quantlab.methods.graph.tracing import trace_model
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4))
    >>> folded = fold_batchnorm(trace_model(model, torch.zeros(1, 3, 8, 8)))
    >>> [node.name for node in folded.graph.nodes]
    ['input_1', '_0', 'output']
    """
    folded = deepcopy(graph)
    for node in list(folded.graph.nodes):
        layer = _layer_before(folded, node)
        if layer is None:
            continue
        weight, bias = folded_parameters(folded, layer, node)
        module = folded.get_submodule(str(layer.target))
        module.weight = nn.Parameter(torch.from_numpy(weight), requires_grad=False)
        module.bias = nn.Parameter(torch.from_numpy(bias), requires_grad=False)
        gamma, beta, _, _ = batchnorm_parameters_of(folded, node)
        ChannelStatistics(beta.astype(np.float64), np.abs(gamma.astype(np.float64))).keep(layer)
        node.replace_all_uses_with(layer)
        folded.graph.erase_node(node)
    folded.delete_all_unused_submodules()
    folded.recompile()
    return folded


def folded_parameters(
    graph: fx.GraphModule, layer: fx.Node, batchnorm: fx.Node
) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of `layer` with `batchnorm` in them.

    Returns
    -------
    weight : float32 array of the layer's shape
    bias : float32 array, one entry an output channel
    """
    weight, bias = parameters_of(graph, layer)
    gamma, beta, mean, variance = (
        values.astype(np.float64) for values in batchnorm_parameters_of(graph, batchnorm)
    )
    found = operator_of(graph, batchnorm)
    assert isinstance(found, OnnxOperator)
    factor = gamma / np.sqrt(variance + found.attributes["epsilon"])
    before = np.zeros_like(mean) if bias is None else bias.astype(np.float64)
    channels = (-1,) + (1,) * (weight.ndim - 1)
    return (
        (weight * factor.reshape(channels)).astype(np.float32),
        ((before - mean) * factor + beta).astype(np.float32),
    )


def _layer_before(graph: fx.GraphModule, node: fx.Node) -> fx.Node | None:
    """The convolution or linear layer that only this BatchNorm reads."""
    if not is_operator(node):
        return None
    found = operator_of(graph, node)
    if not isinstance(found, OnnxOperator) or found.kind != "BatchNormalization":
        return None
    layer = node.all_input_nodes[0]
    if len(layer.users) != 1 or not is_operator(layer):
        return None
    before = operator_of(graph, layer)
    if not isinstance(before, OnnxOperator) or before.kind not in ("Conv", "Gemm"):
        return None
    # A BatchNorm counts channels along axis 1, a linear layer writes its outputs along the last.
    last = len(layer.meta["shape"]) - 1
    return layer if before.kind == "Conv" or last == 1 else None
