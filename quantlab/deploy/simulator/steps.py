"""The steps of a plan: what is computed from which tensors, decided before any value is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator.operand import Operand
from quantlab.numerics import QParams

#: Arrays in, one array out.
Kernel = Callable[..., np.ndarray]


@dataclass(frozen=True, eq=False)
class IntegerStep:
    """An operator between quantized tensors, computed on their integers.

    Attributes
    ----------
    name, operator : str
        Of the ONNX node.
    sources : tuple of str
        Integer tensors, constants among them.
    target : str
        The integer tensor it writes.
    kernel : callable
        Takes the sources' arrays in order.
    """

    name: str
    operator: str
    sources: tuple[str, ...]
    target: str
    kernel: Kernel


@dataclass(frozen=True, eq=False)
class FloatStep:
    """An operator that starts from integers and ends in float32: a Gemm with no Quantize behind."""

    name: str
    operator: str
    sources: tuple[str, ...]
    target: str
    kernel: Kernel


@dataclass(frozen=True, eq=False)
class QuantizeStep:
    """QuantizeLinear: from the float32 tensor `source` to the integers `target`."""

    name: str
    source: str
    target: str
    qparams: QParams


@dataclass(frozen=True, eq=False)
class DequantizeStep:
    """DequantizeLinear: from the integers `source` to the float32 tensor `target`."""

    name: str
    source: str
    target: str
    qparams: QParams


@dataclass(frozen=True, eq=False)
class RuntimeStep:
    """An operator that ONNX Runtime computes in float32: handed to it, this node alone.

    Attributes
    ----------
    sources, targets : tuple of str
        Tensors that the node reads and writes; its constants are not among the sources.
    constants : mapping
        What it reads of the model's constants: they stay constants, so that ONNX Runtime prepares
        weights as it would in the model.
    proto : bytes
        The node.
    opset : int
        Version of ONNX's own operators.
    """

    name: str
    operator: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    constants: Mapping[str, np.ndarray]
    proto: bytes
    opset: int


Step = IntegerStep | FloatStep | QuantizeStep | DequantizeStep | RuntimeStep


@dataclass(frozen=True)
class Layer:
    """A node of the model: its name and its ONNX operator."""

    name: str
    operator: str


@dataclass(frozen=True, eq=False)
class WeightedLayer:
    """A Conv, Gemm or MatMul that is computed on integers.

    Attributes
    ----------
    node : Node
    operands : tuple of Operand
        x, weights and perhaps a bias.
    target : str
        The tensor it writes: integers, or float32 where no QuantizeLinear follows.
    """

    node: Node
    operands: tuple[Operand, ...]
    target: str


@dataclass(frozen=True, eq=False)
class Plan:
    """A model, recognized: every step in order, and the tensors around them.

    Attributes
    ----------
    steps : tuple of Step
    constants : mapping
        Name to array: weights, biases, whatever the model stores.
    inputs, outputs : tuple of str
        Tensors fed and tensors returned.
    quantized : mapping
        Integer tensor to the node that makes it: every tensor that a QuantizeLinear of the model
        writes, in the model's order.
    weighted : tuple of WeightedLayer
        Every Conv, Gemm and MatMul that is computed on integers, in order.
    """

    steps: tuple[Step, ...]
    constants: Mapping[str, np.ndarray]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    quantized: Mapping[str, Layer]
    weighted: tuple[WeightedLayer, ...]
