"""Matrix product of integers: ONNX MatMul between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, exact_float, per_tensor
from quantlab.numerics.ops.definition import by_definition, is_definition
from quantlab.numerics.ops.int16_pairs import adds_in_int16, lost_in_int16
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize


def matmul(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y_qparams: QParams,
    *,
    contract: str = "onnxruntime",
    exact: bool = True,
) -> np.ndarray:
    """`a @ b` in integers: exact int32 sums of products, then one requantization.

    Equals ONNX Runtime's fused QLinearMatMul bit for bit: with exact=True where that adds products
    in 32 bits, with exact=False on x86 CPUs without VNNI, whose UINT8 x INT8 kernels add pairs of
    products in 16 bits and saturate. To make those exact, set the session's
    `session.x64quantprecision` to "1" or keep weights within 7 bits.

    Parameters
    ----------
    a : integer array (..., M, K)
    a_qparams : QParams, per-tensor
    b : integer array (..., K, N)
        Leading dimensions broadcast as in np.matmul.
    b_qparams : QParams
        Per-tensor, or per-channel along the last axis of a b of two dimensions.
    y_qparams : QParams, per-tensor
    contract : str
        One of ROUNDINGS. "onnx" and "torch" are definitions: dequantize, multiply in float32,
        quantize. The others requantize integer sums, see `requantize`.
    exact : bool
        Add products in 32 bits. False: in pairs that stop at INT16, as x86 without VNNI does.

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
    if is_definition(contract, exact):
        _checked(a, a_qparams, b, b_qparams)
        left, right = dequantize(a, a_qparams), dequantize(b, b_qparams)
        with np.errstate(over="ignore", invalid="ignore"):  # refused with a sentence
            product = left @ right
        return by_definition(product, a_qparams, b_qparams, y_qparams, None, contract)
    sums = matmul_accumulator(a, a_qparams, b, b_qparams, exact=exact)
    return requantize(sums, a_qparams, b_qparams, y_qparams, contract=contract, axis=-1)


def matmul_accumulator(
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams, *, exact: bool = True
) -> np.ndarray:
    """The int32 sums of `matmul` before they are requantized. Takes and raises what it does."""
    left, right = _checked(a, a_qparams, b, b_qparams)
    kind = exact_float(left, right, axis=-2)  # no sum is rounded: see there
    sums = left.astype(kind) @ right.astype(kind)
    if adds_in_int16(exact, a_qparams, b_qparams):
        sums = sums - _lost(np.asarray(a, np.uint8), np.asarray(b, np.int8))
    return as_accumulator(sums)


def _checked(
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams
) -> tuple[np.ndarray, np.ndarray]:
    """`q - zero_point` of both stacks of matrices as int32."""
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
    try:
        np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but their leading dimensions do not "
            f"broadcast: make them equal or 1."
        ) from None
    return left, right


def _lost(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What pairs lose, matrix by matrix: (..., M, N)."""
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (np.broadcast_to(q, (*front, *q.shape[-2:])) for q in (a, b))
    lost = np.empty((*front, a.shape[-2], b.shape[-1]), np.int64)
    for at in np.ndindex(*front):
        lost[at] = lost_in_int16(left[at].T, right[at].T).T
    return lost
