"""Layers with weights on integers: Conv, Gemm and MatMul."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.deploy.simulator.graph import Node
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.steps import Kernel
from quantlab.deploy.simulator.windows import window_settings
from quantlab.numerics import QParams
from quantlab.numerics.ops import conv, gemm, matmul
from quantlab.numerics.ops.gemm import gemm_accumulator
from quantlab.numerics.ops.matmul import matmul_accumulator


def conv_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearConv: x, w and perhaps an INT32 bias."""
    x, w = operands[0].ruler, operands[1].ruler
    settings = window_settings(node)
    groups = node.attributes.get("group", 1)
    return lambda q, weight, bias=None: conv(q, x, weight, w, y, bias, groups=groups, **settings)


def gemm_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QGemm: two matrices and perhaps an INT32 bias."""
    a, b = operands[0].ruler, operands[1].ruler
    settings = _transposed(node)

    def kernel(left: np.ndarray, right: np.ndarray, bias: Any = None) -> np.ndarray:
        return gemm(left, a, right, b, y, bias, **settings)

    return kernel


def matmul_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearMatMul: two matrices, or stacks of them."""
    a, b = operands[0].ruler, operands[1].ruler
    return lambda left, right: matmul(left, a, right, b, y)


def gemm_to_float(node: Node, operands: Sequence[Operand]) -> Kernel:
    """QGemm with no QuantizeLinear behind: the int32 sums times both scales, in float32."""
    a, b = operands[0].ruler, operands[1].ruler
    settings = _transposed(node)

    def kernel(left: np.ndarray, right: np.ndarray, bias: Any = None) -> np.ndarray:
        return _scaled(gemm_accumulator(left, a, right, b, bias, **settings), a, b)

    return kernel


def matmul_to_float(node: Node, operands: Sequence[Operand]) -> Kernel:
    """MatMulIntegerToFloat: the int32 sums times both scales, in float32."""
    a, b = operands[0].ruler, operands[1].ruler
    return lambda left, right: _scaled(matmul_accumulator(left, a, right, b), a, b)


def _scaled(sums: np.ndarray, a: QParams, b: QParams) -> np.ndarray:
    # The outputs lie along the last axis, and so do the scales of b, if there are several.
    return np.asarray(sums.astype(np.float32) * (a.scale * b.scale))


def _transposed(node: Node) -> dict[str, Any]:
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
