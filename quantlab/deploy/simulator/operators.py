"""Which operators ONNX Runtime computes on integers, each with the kernel that gives the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator import activations, layers
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.steps import Kernel


@dataclass(frozen=True)
class Group:
    """An operator between DequantizeLinear and QuantizeLinear.

    Attributes
    ----------
    kernel : callable
        (node, operands, ruler of the output) to the function from integers to integers; with
        weights also `exact`, how products are added up.
    weighted : bool
        Whether its inputs are x, weights and perhaps an INT32 bias; otherwise all are activations.
    """

    kernel: Callable[..., Kernel]
    weighted: bool = False


GROUPS = {
    "Conv": Group(layers.conv_kernel, weighted=True),
    "Gemm": Group(layers.gemm_kernel, weighted=True),
    "MatMul": Group(layers.matmul_kernel, weighted=True),
    "Add": Group(activations.add_kernel),
    "Mul": Group(activations.mul_kernel),
    "Concat": Group(activations.concat_kernel),
    "AveragePool": Group(activations.average_pool_kernel),
    "GlobalAveragePool": Group(activations.global_average_pool_kernel),
    "LeakyRelu": Group(activations.leaky_relu_kernel),
    "Sigmoid": Group(activations.sigmoid_kernel),
    "Softmax": Group(activations.softmax_kernel),
}

#: Operators that ONNX Runtime computes on integers even where no QuantizeLinear follows.
TO_FLOAT: dict[str, Callable[[Node, Sequence[Operand], bool], Kernel]] = {
    "Gemm": layers.gemm_to_float,
    "MatMul": layers.matmul_to_float,
}
