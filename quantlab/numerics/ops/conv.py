"""Convolution of integers: ONNX Conv between DequantizeLinear and QuantizeLinear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, exact_float, per_tensor
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.ops.windows import Windows, windows
from quantlab.numerics.qparams import QParams


def conv(
    x: Any,
    x_qparams: QParams,
    w: Any,
    w_qparams: QParams,
    y: QParams,
    bias: Any = None,
    *,
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
    contract: str = "onnx",
) -> np.ndarray:
    """Convolution in 1, 2 or 3 dimensions, plain, grouped or depthwise, as ONNX Conv.

    Padding is filled with x's zero_point, which stands for 0.0. Equals ONNX Runtime's fused
    QLinearConv bit for bit where that adds products in 32 bits; see `matmul` about x86 CPUs
    without VNNI.

    Parameters
    ----------
    x : integer array (N, C, *spatial)
    x_qparams : QParams, per-tensor
    w : integer array (M, C / groups, *kernel)
    w_qparams : QParams
        Per-tensor, or per-channel along axis 0.
    y : QParams, per-tensor
    bias : int32 array (M,), optional
        Its scale is x.scale * w.scale, channel by channel, its zero_point 0.
    strides, dilations : int, or one a spatial dimension, 1 or more
    pads : int, one a spatial dimension, or ONNX's list of all begins and then all ends; 0 or more
    groups : int
        Divides C and M. groups = C is a depthwise convolution.
    contract : str
        As in `requantize`.

    Returns
    -------
    integer array (N, M, *output) of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` and `requantize` do; shapes or settings that do not fit; a kernel larger
        than the padded input; a sum that leaves int32.

    Examples
    --------
    >>> q = QParams(1.0, 0, "int8")
    >>> conv([[[1, 2, 3]]], q, [[[1, 10]]], q, q)
    array([[[21, 32]]], dtype=int8)
    """
    sums = conv_accumulator(
        x, x_qparams, w, w_qparams, bias,
        strides=strides, pads=pads, dilations=dilations, groups=groups,
    )  # fmt: skip
    return requantize(sums, x_qparams, w_qparams, y, contract=contract, axis=1)


def conv_accumulator(
    x: Any,
    x_qparams: QParams,
    w: Any,
    w_qparams: QParams,
    bias: Any = None,
    *,
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
) -> np.ndarray:
    """The int32 sums of `conv` before they are requantized. Takes and raises what it does."""
    per_tensor(x_qparams, "x_qparams")
    image, kernel = centered(x, x_qparams, "x"), centered(w, w_qparams, "w")
    _check_shapes(image.shape, kernel.shape, groups)
    if w_qparams.axis is not None and w_qparams.axis % kernel.ndim != 0:
        raise ValueError(
            f"w has scales along axis {w_qparams.axis}, but its output channels lie along axis 0: "
            f"a scale inside a sum cannot be taken out of it."
        )
    seen = windows(image.shape[2:], kernel.shape[2:], strides, pads, dilations)
    kind = exact_float(int(np.prod(kernel.shape[1:])), image, kernel)  # no sum is rounded there
    # Centered integers are padded with 0, which is padding x with its zero_point.
    sums = _sums(seen.padded(image.astype(kind)), kernel.astype(kind), seen, groups)
    column = None if bias is None else _bias_column(bias, kernel.shape[0], kernel.ndim - 2)
    return as_accumulator(sums, column)


def _sums(x: np.ndarray, w: np.ndarray, seen: Windows, groups: int) -> np.ndarray:
    """One matrix product for every place in the kernel, added up: no copy of x per place is kept.

    A place looks at x through a strided window; the product over its input channels is BLAS's.
    """
    n, channels, filters = x.shape[0], x.shape[1] // groups, w.shape[0] // groups
    grouped = w.reshape(groups, filters, channels, *w.shape[2:])
    total = np.zeros((n, groups, filters, int(np.prod(seen.output))), x.dtype)
    for place, window in seen.places():
        values = x[(..., *window)].reshape(n, groups, channels, -1)
        here: tuple[Any, ...] = (slice(None), slice(None), slice(None), *place)
        weights = grouped[here]
        # Depthwise: one channel a sum, so a plain product is quicker than a thousand tiny matrices.
        total += weights * values if channels == 1 else weights @ values
    return total.reshape(n, w.shape[0], *seen.output)


def _check_shapes(x: tuple[int, ...], w: tuple[int, ...], groups: int) -> None:
    if len(x) != len(w) or not 3 <= len(x) <= 5:
        raise ValueError(
            f"x has shape {x} and w {w}, but they are (N, C, *spatial) and "
            f"(M, C / groups, *kernel) with 1 to 3 spatial dimensions: add the missing ones."
        )
    if groups < 1 or x[1] != w[1] * groups or w[0] % groups:
        raise ValueError(
            f"x has {x[1]} channels, w has {w[0]} filters of {w[1]} and groups is {groups}, but "
            f"groups divides both: w needs shape (M, C / groups, *kernel)."
        )


def _bias_column(bias: Any, filters: int, dims: int) -> np.ndarray:
    array = np.asarray(bias)
    if array.shape != (filters,):
        raise ValueError(
            f"bias has shape {array.shape}, but w has {filters} filters: pass one integer a filter."
        )
    return array.reshape(filters, *(1,) * dims)
