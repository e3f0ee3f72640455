"""Matrix product of integers: ONNX MatMul between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, exact_float, per_tensor
from quantlab.numerics.ops.int16_pairs import adds_in_int16, lost_in_int16
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.qparams import QParams


def matmul(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y: QParams,
    *,
    contract: str = "onnx",
    accumulate: str = "exact",
) -> np.ndarray:
    """`a @ b` in integers: exact int32 sums of products, then one requantization.

    Equals ONNX Runtime's fused QLinearMatMul bit for bit: with accumulate="exact" where that adds
    products in 32 bits, with "vpmaddubsw" on x86 CPUs without VNNI, whose UINT8 x INT8 kernels add
    pairs of products in 16 bits and saturate. To make those exact, set the session's
    `session.x64quantprecision` to "1" or keep weights within 7 bits.

    Parameters
    ----------
    a : integer array (..., M, K)
    a_qparams : QParams, per-tensor
    b : integer array (..., K, N)
        Leading dimensions broadcast as in np.matmul.
    b_qparams : QParams
        Per-tensor, or per-channel along the last axis of a b of two dimensions.
    y : QParams, per-tensor
    contract : str
        As in `requantize`.
    accumulate : str
        "exact" or "vpmaddubsw".

    Returns
    -------
    integer array (..., M, N) of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` and `requantize` do; shapes that do not fit; a sum that leaves int32.

    Examples
    --------
    >>> q = QParams(1.0, 0, "int8")
    >>> matmul([[1, 2]], q, [[3], [4]], q, q)
    array([[11]], dtype=int8)
    """
    sums = matmul_accumulator(a, a_qparams, b, b_qparams, accumulate=accumulate)
    return requantize(sums, a_qparams, b_qparams, y, contract=contract, axis=-1)


def matmul_accumulator(
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams, *, accumulate: str = "exact"
) -> np.ndarray:
    """The int32 sums of `matmul` before they are requantized. Takes and raises what it does."""
    per_tensor(a_qparams, "a_qparams")
    left, right = centered(a, a_qparams, "a"), centered(b, b_qparams, "b")
    if min(left.ndim, right.ndim) < 2 or left.shape[-1] != right.shape[-2]:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but (..., M, K) @ (..., K, N) share K: "
            f"transpose one of them or add a dimension."
        )
    if b_qparams.axis is not None and (right.ndim, b_qparams.axis % right.ndim) != (2, 1):
        raise ValueError(
            f"b has shape {right.shape} and scales along axis {b_qparams.axis}, but only the "
            f"columns of a matrix can have their own: use axis=1 of two dimensions."
        )
    kind = exact_float(left, right, axis=-2)  # no sum is rounded: see there
    try:
        sums = left.astype(kind) @ right.astype(kind)
    except ValueError:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but their leading dimensions do not "
            f"broadcast: make them equal or 1."
        ) from None
    if adds_in_int16(accumulate, a_qparams, b_qparams):
        sums = sums - _lost(np.asarray(a, np.uint8), np.asarray(b, np.int8))
    return as_accumulator(sums)


def _lost(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What pairs lose, matrix by matrix: (..., M, N)."""
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (np.broadcast_to(q, (*front, *q.shape[-2:])) for q in (a, b))
    lost = np.empty((*front, a.shape[-2], b.shape[-1]), np.int64)
    for at in np.ndindex(*front):
        lost[at] = lost_in_int16(left[at].T, right[at].T).T
    return lost
