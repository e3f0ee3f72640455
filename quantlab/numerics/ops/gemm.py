"""Linear layer in integers: ONNX Gemm between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, exact_float, per_tensor
from quantlab.numerics.ops.definition import by_definition, is_definition
from quantlab.numerics.ops.int16_pairs import adds_in_int16, lost_in_int16
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize


def gemm(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y_qparams: QParams,
    bias: Any = None,
    *,
    trans_a: bool = False,
    trans_b: bool = False,
    contract: str = "onnxruntime",
    exact: bool = True,
) -> np.ndarray:
    """`a @ b + bias` in integers, as ONNX Gemm with alpha = beta = 1.

    torch's Linear is `gemm(x, ..., weight, ..., trans_b=True)`. Equals ONNX Runtime's fused QGemm
    bit for bit; see `matmul` about x86 CPUs without VNNI, for which exact is False.

    Parameters
    ----------
    a : integer array (M, K), or (K, M) with trans_a
    a_qparams : QParams, per-tensor
    b : integer array (K, N), or (N, K) with trans_b
    b_qparams : QParams
        Per-tensor, or one scale an output: along axis 1, with trans_b along axis 0.
    y_qparams : QParams, per-tensor
    bias : int32 array that broadcasts to (M, N), usually (N,), optional
        Its scale is a.scale * b.scale, its zero_point 0.
    contract : str
        One of ROUNDINGS. "onnx" and "torch" are definitions: dequantize, multiply in float32,
        quantize. The others requantize integer sums, see `requantize`.
    exact : bool
        Add products in 32 bits. False: in pairs that stop at INT16, as x86 without VNNI does.

    Returns
    -------
    integer array (M, N) of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` and `requantize` do; shapes that do not fit; a sum that leaves int32.

    Examples
    --------
    >>> q = QParams(1.0, 0, "int8")
    >>> gemm([[1, 2]], q, [[3, 4]], q, q, bias=[-1], trans_b=True)
    array([[10]], dtype=int8)
    """
    if is_definition(contract, exact):
        _checked(a, a_qparams, b, b_qparams, trans_a, trans_b)
        left, right = dequantize(a, a_qparams), dequantize(b, b_qparams)
        with np.errstate(over="ignore", invalid="ignore"):  # refused with a sentence
            product = (left.T if trans_a else left) @ (right.T if trans_b else right)
        return by_definition(product, a_qparams, b_qparams, y_qparams, bias, contract, axis=1)
    sums = gemm_accumulator(
        a, a_qparams, b, b_qparams, bias,
        trans_a=trans_a, trans_b=trans_b, exact=exact,
    )  # fmt: skip
    return requantize(sums, a_qparams, b_qparams, y_qparams, contract=contract, axis=1)


def gemm_accumulator(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    bias: Any = None,
    *,
    trans_a: bool = False,
    trans_b: bool = False,
    exact: bool = True,
) -> np.ndarray:
    """The int32 sums of `gemm` before they are requantized. Takes and raises what it does."""
    left, right = _checked(a, a_qparams, b, b_qparams, trans_a, trans_b)
    kind = exact_float(left, right, axis=0)  # no sum is rounded: see there
    sums = left.astype(kind) @ right.astype(kind)
    if adds_in_int16(exact, a_qparams, b_qparams):
        columns = np.asarray(a, np.uint8) if trans_a else np.asarray(a, np.uint8).T
        rows = np.asarray(b, np.int8) if trans_b else np.asarray(b, np.int8).T
        sums = sums - lost_in_int16(columns, rows).T
    return as_accumulator(sums, bias)


def _checked(
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams, trans_a: bool, trans_b: bool
) -> tuple[np.ndarray, np.ndarray]:
    """`q - zero_point` of both matrices as int32, turned so that they multiply as they are."""
    per_tensor(a_qparams, "a_qparams")
    left, right = centered(a, a_qparams, "a"), centered(b, b_qparams, "b")
    if left.ndim != 2 or right.ndim != 2:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but gemm multiplies two matrices: "
            f"flatten to two dimensions, or use matmul for stacks of matrices."
        )
    outputs = 0 if trans_b else 1
    if b_qparams.axis is not None and b_qparams.axis % 2 != outputs:
        raise ValueError(
            f"b has scales along axis {b_qparams.axis}, but its outputs lie along axis {outputs} "
            f"(trans_b={trans_b}): a scale inside a sum cannot be taken out of it."
        )
    left, right = left.T if trans_a else left, right.T if trans_b else right
    if left.shape[1] != right.shape[0]:
        raise ValueError(
            f"a multiplies as {left.shape} and b as {right.shape}, but (M, K) @ (K, N) share K: "
            f"look at trans_a={trans_a} and trans_b={trans_b}."
        )
    return left, right
