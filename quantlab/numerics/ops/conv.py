"""Convolution of integers: ONNX Conv between DequantizeLinear and QuantizeLinear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, exact_float, per_tensor
from quantlab.numerics.ops.conv_products import lost_in_conv
from quantlab.numerics.ops.definition import (
    by_definition,
    conv_in_float32,
    is_definition,
)
from quantlab.numerics.ops.int16_pairs import adds_in_int16
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.ops.window_sums import window_sums
from quantlab.numerics.ops.windows import Windows, windows
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize


def conv(
    x: Any,
    x_qparams: QParams,
    w: Any,
    w_qparams: QParams,
    y_qparams: QParams,
    bias: Any = None,
    *,
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
    contract: str = "onnxruntime",
    exact: bool = True,
) -> np.ndarray:
    """Convolution in 1, 2 or 3 dimensions, plain, grouped or depthwise, as ONNX Conv.

    Padding is filled with x's zero_point, which stands for 0.0. Equals ONNX Runtime's fused
    QLinearConv bit for bit: with exact=True where that adds products in 32 bits, with exact=False
    on x86 CPUs without VNNI (see `matmul`). There the products of one place in the kernel are
    neighbours, channel after channel, then those of the next place. A depthwise convolution with
    one filter a channel is exact everywhere.

    Parameters
    ----------
    x : integer array (N, C, *spatial)
    x_qparams : QParams, per-tensor
    w : integer array (M, C / groups, *kernel)
    w_qparams : QParams
        Per-tensor, or per-channel along axis 0.
    y_qparams : QParams, per-tensor
    bias : int32 array (M,), optional
        Its scale is x.scale * w.scale, channel by channel, its zero_point 0.
    strides, dilations : int, or one a spatial dimension, 1 or more
    pads : int, one a spatial dimension, or ONNX's list of all begins and then all ends; 0 or more
    groups : int
        Divides C and M. groups = C is a depthwise convolution.
    contract : str
        One of ROUNDINGS. "onnx" and "torch" are definitions: dequantize, convolve in float32,
        quantize. The others requantize integer sums, see `requantize`.
    exact : bool
        Add products in 32 bits. False: in pairs that stop at INT16, as x86 without VNNI does.

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
    if is_definition(contract, exact):
        settings = (strides, pads, dilations, groups)
        _, kernel, seen = _checked(x, x_qparams, w, w_qparams, *settings)
        product = conv_in_float32(dequantize(x, x_qparams), dequantize(w, w_qparams), seen, groups)
        column = None if bias is None else _bias_column(bias, kernel.shape[0], kernel.ndim - 2)
        return by_definition(product, x_qparams, w_qparams, y_qparams, column, contract, axis=1)
    sums = conv_accumulator(
        x, x_qparams, w, w_qparams, bias,
        strides=strides, pads=pads, dilations=dilations, groups=groups, exact=exact,
    )  # fmt: skip
    return requantize(sums, x_qparams, w_qparams, y_qparams, contract=contract, axis=1)


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
    exact: bool = True,
) -> np.ndarray:
    """The int32 sums of `conv` before they are requantized. Takes and raises what it does."""
    image, kernel, seen = _checked(x, x_qparams, w, w_qparams, strides, pads, dilations, groups)
    kind = exact_float(image, kernel, axis=tuple(range(1, kernel.ndim)))  # no sum is rounded there
    # Centered integers are padded with 0, which is padding x with its zero_point.
    sums = window_sums(seen.padded(image, dtype=kind), kernel.astype(kind), seen, groups)
    if adds_in_int16(exact, x_qparams, w_qparams):
        sums = sums - lost_in_conv(x, int(x_qparams.zero_point), w, seen, groups)
    column = None if bias is None else _bias_column(bias, kernel.shape[0], kernel.ndim - 2)
    return as_accumulator(sums, column)


def _checked(
    x: Any, x_qparams: QParams, w: Any, w_qparams: QParams, *settings: Any
) -> tuple[np.ndarray, np.ndarray, Windows]:
    """`q - zero_point` of image and kernel as int32, and the windows of these settings."""
    per_tensor(x_qparams, "x_qparams")
    image, kernel = centered(x, x_qparams, "x"), centered(w, w_qparams, "w")
    seen = conv_windows(image.shape, kernel.shape, *settings)
    if w_qparams.axis is not None and w_qparams.axis % kernel.ndim != 0:
        raise ValueError(
            f"w has scales along axis {w_qparams.axis}, but its output channels lie along axis 0: "
            f"a scale inside a sum cannot be taken out of it."
        )
    return image, kernel, seen


def conv_windows(
    x: tuple[int, ...],
    w: tuple[int, ...],
    strides: int | Sequence[int],
    pads: int | Sequence[int],
    dilations: int | Sequence[int],
    groups: int,
) -> Windows:
    """The windows of a convolution, given the shapes of x and w.

    Raises
    ------
    ValueError
        As `windows`; shapes or groups that do not fit.
    """
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
    return windows(x[2:], w[2:], strides, pads, dilations)


def _bias_column(bias: Any, filters: int, dims: int) -> np.ndarray:
    array = np.asarray(bias)
    if array.shape != (filters,):
        raise ValueError(
            f"bias has shape {array.shape}, but w has {filters} filters: pass one integer a filter."
        )
    return array.reshape(filters, *(1,) * dims)
