"""The kernels that give the same integers as those of ONNX Runtime, by ONNX operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator import activations, layers
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.steps import Kernel

#: (node, operands, ruler of the output) to the function from integers to integers; with weights
#: also `exact`, how products are added up.
KERNELS: dict[str, Callable[..., Kernel]] = {
    "Conv": layers.conv_kernel,
    "Gemm": layers.gemm_kernel,
    "MatMul": layers.matmul_kernel,
    "Add": activations.add_kernel,
    "Mul": activations.mul_kernel,
    "Concat": activations.concat_kernel,
    "AveragePool": activations.average_pool_kernel,
    "GlobalAveragePool": activations.global_average_pool_kernel,
    "LeakyRelu": activations.leaky_relu_kernel,
    "Sigmoid": activations.sigmoid_kernel,
    "Softmax": activations.softmax_kernel,
}

#: The same where no QuantizeLinear follows: from integers to float32.
TO_FLOAT: dict[str, Callable[[Node, Sequence[Operand], bool], Kernel]] = {
    "Gemm": layers.gemm_to_float,
    "MatMul": layers.matmul_to_float,
}
