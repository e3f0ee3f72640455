"""Product of two tensors of integers, value by value: ONNX Mul between Dequantize and Quantize."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.elementwise import checked_steps, finite_ratio
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def mul(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y_qparams: QParams,
    *,
    contract: str = "onnxruntime",
) -> np.ndarray:
    """`a * b` value by value, each on its own ruler; shapes broadcast.

    onnxruntime
        The fused QLinearMul of ONNX Runtime (mlas qlmul.cpp), in float32:
        `rint(f32((a_q - a_z) * (b_q - b_z)) * f32(f32(a.scale * b.scale) / y.scale) + y_z)`.
        y's zero_point is added *before* rounding: near ties the result may differ by 1 from the
        definition, and where y_z is odd every tie does.
    onnx
        The definition: dequantize both, multiply in float32, quantize.

    Parameters
    ----------
    a, b : integer arrays whose shapes broadcast
    a_qparams, b_qparams, y_qparams : QParams, per-tensor
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array of the common shape and dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; shapes that do not broadcast; per-channel qparams; scales whose quotient
        is beyond float32; no such contract.

    Examples
    --------
    >>> q, y = QParams(1.0, 0, "uint8"), QParams(2.0, 7, "uint8")
    >>> mul([1, 2, 3], q, [1], q, y)
    array([8, 8, 8], dtype=uint8)
    >>> mul([1, 2, 3], q, [1], q, y, contract="onnx")
    array([7, 8, 9], dtype=uint8)
    """
    left, right = checked_steps(a, a_qparams, b, b_qparams, y_qparams, contract)
    if contract == "onnx":
        return quantize(dequantize(a, a_qparams) * dequantize(b, b_qparams), y_qparams)
    with np.errstate(over="ignore", under="ignore"):
        multiplier = finite_ratio((a_qparams.scale * b_qparams.scale) / y_qparams.scale)
        # At most 2^17 each way for 8-bit operands: int64 and then float32 hold the product exactly.
        product = (left.astype(np.int64) * right).astype(np.float32)
        total = product * multiplier + np.float32(y_qparams.zero_point)
    return np.clip(np.rint(total), y_qparams.qmin, y_qparams.qmax).astype(y_qparams.storage)
