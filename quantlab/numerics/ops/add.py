"""Sum of two tensors of integers: ONNX Add between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.elementwise import checked_steps, finite_ratio
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def add(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y: QParams,
    *,
    contract: str = "onnxruntime",
) -> np.ndarray:
    """`a + b` of two tensors of one shape, each on its own ruler.

    onnxruntime
        The fused QLinearAdd of ONNX Runtime for x86 with AVX2 (mlas qladd_avx2.cpp), in float32:
        `rint(fma(a_q, a.scale / y.scale, fma(b_q, b.scale / y.scale, fixed)))` with everything
        about zero_points in `fixed`. y's zero_point is added *before* rounding, so where it is odd
        ties go to the other side than the definition sends them: the results differ by 1 near
        ties. On ARM the kernel multiplies in fixed point instead, and may differ by 1.
    onnx
        The definition: dequantize both, add in float32, quantize. On x86 ONNX Runtime computes
        INT8 (not UINT8) tensors so, unless a session asks for INT8 kernels.

    Parameters
    ----------
    a, b : integer arrays of one shape
        ONNX Runtime broadcasts too, but a single number takes another path of its kernel, which
        rounds once more; that path is not modelled.
    a_qparams, b_qparams, y : QParams, per-tensor
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array of a's shape and dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; shapes that differ; per-channel qparams; scales whose quotient is beyond
        float32; no such contract.

    Examples
    --------
    >>> a, b, y = QParams(0.5, 0, "uint8"), QParams(0.25, 4, "uint8"), QParams(1.0, 7, "uint8")
    >>> add([1, 3, 255], a, [4, 4, 255], b, y, contract="onnx")
    array([  7,   9, 197], dtype=uint8)
    >>> add([1, 3, 255], a, [4, 4, 255], b, y)
    array([  8,   8, 197], dtype=uint8)
    """
    left, right = checked_steps(a, a_qparams, b, b_qparams, y, contract)
    if left.shape != right.shape:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but add takes tensors of one shape: "
            f"use np.broadcast_to on the smaller one."
        )
    if contract == "onnx":
        return quantize(dequantize(a, a_qparams) + dequantize(b, b_qparams), y)
    with np.errstate(over="ignore", under="ignore"):
        ratio_a = finite_ratio(a_qparams.scale / y.scale)
        ratio_b = finite_ratio(b_qparams.scale / y.scale)
    za, zb = np.float32(a_qparams.zero_point), np.float32(b_qparams.zero_point)
    fixed = np.float32(y.zero_point) - (ratio_a * za + ratio_b * zb)
    # The kernel multiplies the stored integers; zero_points were taken out of them into `fixed`.
    total = _fma(right + int(b_qparams.zero_point), ratio_b, fixed)
    total = _fma(left + int(a_qparams.zero_point), ratio_a, total)
    return np.clip(np.rint(total), y.qmin, y.qmax).astype(y.storage)


def _fma(q: np.ndarray, ratio: np.float32, rest: np.ndarray | np.float32) -> np.ndarray:
    """`q * ratio + rest` rounded to float32 once: float64 holds the product exactly."""
    exact = q.astype(np.float64) * np.float64(ratio) + np.asarray(rest, dtype=np.float64)
    return np.asarray(exact).astype(np.float32)
