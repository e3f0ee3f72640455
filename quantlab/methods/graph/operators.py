"""What a node of a traced graph is in ONNX's terms: one name for modules, functions and methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import fx

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.methods.graph.calls import TorchCall, read_call
from quantlab.methods.graph.onnx_attributes import ATTRIBUTES

#: What only moves numbers, or repeats them, in torch's words and in small letters.
MOVING = (
    *("expand", "expand_as", "repeat", "flip", "gather", "index_select", "unfold", "fold", "pad"),
    *("constantpad2d", "reflectionpad2d", "replicationpad2d", "zeropad2d", "scatter", "tril"),
)
MOVES = "it moves or repeats numbers, in a way that is not done on integers here"
SEVERAL = "it gives several results, and no integer operator does"
NO_KERNEL = "ONNX Runtime has no integer kernel for it"
# These have weights. In the normal form they are modules, unless something computes the weights.
LAYERS = ("conv2d", "linear", "batch_norm")


@dataclass(frozen=True)
class OnnxOperator:
    """An ONNX operator.

    Parameters
    ----------
    kind : str
        ONNX's name for it, for example Conv.
    attributes : mapping
        ONNX's attributes, all of them given, as `onnx_attributes` says; weights are none.
    inputs : tuple of str
        Names of the nodes whose tensors it reads, in ONNX's order.
    """

    kind: str
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Unsupported:
    """An operation for which there is no ONNX operator here.

    Parameters
    ----------
    name : str
        As the model calls it, for example LayerNorm or chunk.
    reason : str
        Why not.
    """

    name: str
    reason: str


def operator_of(graph: fx.GraphModule, node: fx.Node) -> OnnxOperator | Unsupported:
    """What a call_module, call_function or call_method node computes.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` or `fold_batchnorm` returned it.
    node : torch.fx.Node
        One that `is_operator`.

    Raises
    ------
    ValueError
        The node is an input, a constant, a size or the output: it computes no tensor.

    Examples
    --------
    >>> import torch
    >>> from quantlab.methods.graph.tracing import trace_model
    >>> graph = trace_model(torch.nn.Sequential(torch.nn.ReLU6()), torch.zeros(1, 3))
    >>> operator_of(graph, list(graph.graph.nodes)[1])
    OnnxOperator(kind='Clip', attributes={'min': 0.0, 'max': 6.0}, inputs=('input_1',))
    """
    if not is_operator(node):
        raise ValueError(
            f"node {node.name} is a {node.op}, but only a node that computes a tensor is an "
            f"operator: select nodes with is_operator."
        )
    call = read_call(graph, node)
    if call.function in LAYERS and node.op != "call_module":
        return Unsupported(call.shown, "its weights are computed, or are not a layer's own")
    if call.function not in ATTRIBUTES:
        return Unsupported(call.shown, _why_unknown(call))
    constants = [str(source.target) for source in call.inputs if source.op == "get_attr"]
    if constants and not _takes_constant(call):
        return Unsupported(call.shown, f"it reads the constant {constants[0]} of the model")
    found = ATTRIBUTES[call.function](call)
    if isinstance(found, str):
        return Unsupported(call.shown, found)
    kind, attributes = found
    return OnnxOperator(kind, FrozenMapping(attributes), tuple(s.name for s in call.inputs))


def _takes_constant(call: TorchCall) -> bool:
    """Whether one operand may be stored: of a sum or product, beside one that is computed."""
    stored = [source.op == "get_attr" for source in call.inputs]
    return call.function in ("add", "mul") and sorted(stored) == [False, True]


def is_operator(node: fx.Node) -> bool:
    """Whether the node computes tensors: not an input, constant, size, or the output."""
    return node.op.startswith("call_") and "value" not in node.meta


def path_of(node: fx.Node) -> str:
    """Where a layer is in the caller's model, for messages; the node's own name elsewhere."""
    return str(node.meta.get("path", node.name))


def parameters_of(graph: fx.GraphModule, node: fx.Node) -> tuple[np.ndarray, np.ndarray | None]:
    """Weight and bias of a Conv or Gemm.

    Returns
    -------
    weight : float32 array (M, C / groups, kH, kW), or (N, K) of a linear layer
    bias : float32 array (M,), or None
    """
    module = graph.get_submodule(str(node.target))
    weight = _array(module.weight)
    return weight, None if module.bias is None else _array(module.bias)


def batchnorm_parameters_of(
    graph: fx.GraphModule, node: fx.Node
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """gamma, beta, mean and variance of a BatchNormalization, float32 arrays (C,)."""
    module = graph.get_submodule(str(node.target))
    mean, variance = _array(module.running_mean), _array(module.running_var)
    if module.weight is None:
        return np.ones_like(mean), np.zeros_like(mean), mean, variance
    return _array(module.weight), _array(module.bias), mean, variance


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float32).copy()


def _why_unknown(call: TorchCall) -> str:
    if "ConvTranspose" in call.shown or call.shown.startswith("conv_transpose"):
        return "ONNX Runtime has no integer kernel for transposed convolutions"
    if call.shown in ("Conv1d", "Conv3d"):
        return "only two-dimensional convolutions are quantized"
    if call.shown.strip("_").lower() in MOVING:
        return MOVES
    if not call.result and call.shape and call.shown not in ("LSTM", "GRU", "RNN"):
        return SEVERAL
    return NO_KERNEL
