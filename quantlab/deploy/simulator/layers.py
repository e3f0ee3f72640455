"""Layers with weights on integers: Conv, Gemm and MatMul.

`exact` is numerics' word for how products are added up: True in 32 bits, False as a CPU without
VNNI does, which has to know the integers as they are stored there: UINT8 by INT8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.steps import Kernel
from quantlab.deploy.simulator.unsigned import moved_qparams, moved_up
from quantlab.deploy.simulator.windows import window_settings
from quantlab.numerics import QParams
from quantlab.numerics.ops import conv, gemm, matmul
from quantlab.numerics.ops.gemm import gemm_accumulator
from quantlab.numerics.ops.matmul import matmul_accumulator


def conv_kernel(node: Node, operands: Sequence[Operand], y: QParams, exact: bool) -> Kernel:
    """QLinearConv: x, w and perhaps an INT32 bias."""
    x, stored = as_stored(operands[0], exact)
    w, settings = operands[1].qparams, _summing(operands, exact) | window_settings(node)
    settings["groups"] = node.attributes.get("group", 1)

    def kernel(q: np.ndarray, weight: np.ndarray, bias: Any = None) -> np.ndarray:
        return conv(stored(q), x, weight, w, y, bias, **settings)

    return kernel


def gemm_kernel(node: Node, operands: Sequence[Operand], y: QParams, exact: bool) -> Kernel:
    """QGemm: two matrices and perhaps an INT32 bias."""
    a, stored = as_stored(operands[0], exact)
    b, settings = operands[1].qparams, _summing(operands, exact) | transposed(node)

    def kernel(left: np.ndarray, right: np.ndarray, bias: Any = None) -> np.ndarray:
        return gemm(stored(left), a, right, b, y, bias, **settings)

    return kernel


def matmul_kernel(node: Node, operands: Sequence[Operand], y: QParams, exact: bool) -> Kernel:
    """QLinearMatMul: two matrices, or stacks of them."""
    a, stored = as_stored(operands[0], exact)
    b, settings = operands[1].qparams, _summing(operands, exact)
    return lambda left, right: matmul(stored(left), a, right, b, y, **settings)


def gemm_to_float(node: Node, operands: Sequence[Operand], exact: bool) -> Kernel:
    """QGemm with no QuantizeLinear behind: the int32 sums times both scales, in float32."""
    a, stored = as_stored(operands[0], exact)
    b, settings = operands[1].qparams, _summing(operands, exact) | transposed(node)

    def kernel(left: np.ndarray, right: np.ndarray, bias: Any = None) -> np.ndarray:
        return _scaled(gemm_accumulator(stored(left), a, right, b, bias, **settings), a, b)

    return kernel


def matmul_to_float(node: Node, operands: Sequence[Operand], exact: bool) -> Kernel:
    """MatMulIntegerToFloat: the int32 sums times both scales, in float32."""
    a, stored = as_stored(operands[0], exact)
    b, settings = operands[1].qparams, _summing(operands, exact)
    return lambda left, right: _scaled(
        matmul_accumulator(stored(left), a, right, b, **settings), a, b
    )


def as_stored(x: Operand, exact: bool) -> tuple[QParams, Callable[[np.ndarray], np.ndarray]]:
    """The ruler of x where products are made, and what brings its integers there."""
    if exact or x.qparams.dtype == "uint8":
        return x.qparams, lambda q: q
    return moved_qparams(x.qparams), moved_up


def _summing(operands: Sequence[Operand], exact: bool) -> dict[str, Any]:
    """Weights stay INT8. A second activation is moved to UINT8, whose kernels are exact."""
    return {"exact": exact or operands[1].constant is None}


def _scaled(sums: np.ndarray, a: QParams, b: QParams) -> np.ndarray:
    # The outputs lie along the last axis, and so do the scales of b, if there are several.
    return np.asarray(sums.astype(np.float32) * (a.scale * b.scale))


def transposed(node: Node) -> dict[str, Any]:
    """A Gemm's transA and transB as arguments of numerics.

    Raises
    ------
    ValueError
        alpha or beta is not 1.
    """
    factors = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    if factors != (1.0, 1.0):
        raise ValueError(
            f"{node} has alpha={factors[0]:g} and beta={factors[1]:g}, but the simulator knows "
            f"only 1 and 1: put these factors into the weights."
        )
    return {
        "trans_a": bool(node.attributes.get("transA", 0)),
        "trans_b": bool(node.attributes.get("transB", 0)),
    }
