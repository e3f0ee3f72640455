"""Sum of two tensors of integers: ONNX Add between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.elementwise import checked_steps, finite_ratio
from quantlab.numerics.ops.fused_multiply_add import fused_multiply_add
from quantlab.numerics.ops.table import by_pairs
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def add(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y_qparams: QParams,
    *,
    contract: str = "onnxruntime",
) -> np.ndarray:
    """`a + b`, each on its own ruler; shapes broadcast.

    onnxruntime
        The fused QLinearAdd of ONNX Runtime for x86 with AVX2 (mlas qladd_avx2.cpp), in float32
        with fused multiply-adds: `rint(fma(a_q, a.scale / y.scale, fma(b_q, b.scale / y.scale,
        fixed)))`, everything about zero_points in `fixed`. y's zero_point is added *before*
        rounding, so where it is odd ties go to the other side than the definition sends them: the
        results differ by 1 near ties. Where broadcasting repeats a value of a, the kernel swaps
        both operands. Where a compiler does not fuse `fixed` too, as on Windows, or on ARM, whose
        kernel multiplies in fixed point, results may differ by 1.
    onnx
        The definition: dequantize both, add in float32, quantize.

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
        As `centered` does; shapes that do not broadcast; per-channel qparams; scales whose
        quotient is beyond float32; no such contract.

    Examples
    --------
    >>> a, b, y = QParams(0.5, 0, "uint8"), QParams(0.25, 4, "uint8"), QParams(1.0, 7, "uint8")
    >>> add([1, 3, 255], a, [4, 4, 255], b, y, contract="onnx")
    array([  7,   9, 197], dtype=uint8)
    >>> add([1, 3, 255], a, [4, 4, 255], b, y)
    array([  8,   8, 197], dtype=uint8)
    """
    left, right = checked_steps(a, a_qparams, b, b_qparams, y_qparams, contract)
    if contract == "onnx":
        return quantize(dequantize(a, a_qparams) + dequantize(b, b_qparams), y_qparams)
    if _repeats(left.shape, right.shape):
        left, right, a_qparams, b_qparams = right, left, b_qparams, a_qparams
    with np.errstate(over="ignore", under="ignore"):
        ratio_a = finite_ratio(a_qparams.scale / y_qparams.scale)
        ratio_b = finite_ratio(b_qparams.scale / y_qparams.scale)
    za, zb = np.float32(a_qparams.zero_point), np.float32(b_qparams.zero_point)
    fixed = np.float32(y_qparams.zero_point) - fused_multiply_add(ratio_a, za, ratio_b * zb)

    def kernel(q_a: np.ndarray, q_b: np.ndarray) -> np.ndarray:
        # It multiplies the stored integers; zero_points were taken out of them into `fixed`.
        total = fused_multiply_add(q_a, ratio_a, fused_multiply_add(q_b, ratio_b, fixed))
        return np.clip(np.rint(total), y_qparams.qmin, y_qparams.qmax).astype(y_qparams.storage)

    stored = (q + int(own.zero_point) for q, own in ((left, a_qparams), (right, b_qparams)))
    return by_pairs(kernel, next(stored), a_qparams, next(stored), b_qparams)


def _repeats(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether ONNX Runtime's broadcasting takes one value of a for a run of values of b.

    The innermost axis that both have and that is longer than 1 in either decides; where there is
    none, the kernel is called for single values, and takes a for the repeated one.
    """
    for of_a, of_b in zip((a or (1,))[::-1], (b or (1,))[::-1], strict=False):
        if max(of_a, of_b) > 1:
            return of_a == 1
    return True
