"""Mean over the windows of an image: ONNX AveragePool on integers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, per_tensor
from quantlab.numerics.ops.elementwise import checked_contract
from quantlab.numerics.ops.global_average_pool import requantized_mean
from quantlab.numerics.ops.windows import Windows, pool_windows
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def average_pool(
    x: Any,
    x_qparams: QParams,
    y_qparams: QParams,
    *,
    kernel_shape: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    contract: str = "onnxruntime",
) -> np.ndarray:
    """The mean of every window of every channel's image.

    onnxruntime
        The fused QLinearAveragePool of ONNX Runtime (qlinear_pool.cc): dequantize, add a window's
        values in float32 one after the other, rows first, divide by their count, then
        `rint(mean / y.scale + y_z)`: y's zero_point is added *before* rounding, so where it is odd
        ties go to the other side than the definition sends them. With count_include_pad a window
        counts the whole kernel, even where ceil_mode lets it reach beyond the padding; the
        definition counts the padding only. A single window over the whole unpadded image is
        computed as `global_average_pool`.
    onnx
        The definition: the same float32 sums, then quantize.

    The kernel knows no dilations.

    Parameters
    ----------
    x : integer array (N, C, *spatial), 1 to 3 spatial dimensions
    x_qparams, y_qparams : QParams, per-tensor
    kernel_shape, strides : int, or one a spatial dimension, 1 or more
    pads : int, one a spatial dimension, or ONNX's list of all begins and then all ends; smaller
        than the kernel
    ceil_mode : bool
        Keep a last window that reaches beyond the padding.
    count_include_pad : bool
        Count padding, which holds 0.0, among a window's values.
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array (N, C, *output) of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` and `global_average_pool` do; settings that do not fit.

    Examples
    --------
    >>> x, y = QParams(1.0, 0, "uint8"), QParams(0.5, 0, "uint8")
    >>> average_pool([[[1, 2, 6]]], x, y, kernel_shape=2, strides=2, ceil_mode=True)
    array([[[ 3, 12]]], dtype=uint8)
    """
    checked_contract(contract)
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y_qparams, "y_qparams")
    steps = centered(x, x_qparams, "x")
    seen = pool_windows(steps.shape, kernel_shape, strides, pads, ceil_mode=ceil_mode)
    whole = seen.kernel == steps.shape[2:] and not any(seen.begins + seen.ends)
    if contract == "onnxruntime" and whole:
        spatial = tuple(range(2, steps.ndim))
        sums = as_accumulator(steps.sum(axis=spatial, keepdims=True, dtype=np.int64))
        return requantized_mean(sums, int(np.prod(seen.kernel)), x_qparams, y_qparams)
    # One number where the kernel counts itself, else one a window.
    counts: Any = np.float32(np.prod(seen.kernel))
    if not (count_include_pad and contract == "onnxruntime"):
        counts = _values_in(seen, steps.shape[2:], count_include_pad)
    mean = _sums(dequantize(x, x_qparams), seen) / counts
    if contract == "onnx":
        return quantize(mean, y_qparams)
    with np.errstate(over="ignore"):  # an infinite quotient saturates
        ticks = np.rint(mean / y_qparams.scale + np.float32(y_qparams.zero_point))
    return np.asarray(np.clip(ticks, y_qparams.qmin, y_qparams.qmax)).astype(y_qparams.storage)


def _sums(x: np.ndarray, seen: Windows) -> np.ndarray:
    """float32 sums over each window, in the order of the places of the kernel.

    Padding adds 0.0, which changes no sum.
    """
    padded = seen.padded(x)
    total = np.zeros((*x.shape[:2], *seen.output), np.float32)
    for _, window in seen.places():
        total += padded[(..., *window)]
    return total


def _values_in(seen: Windows, size: tuple[int, ...], include_pad: bool) -> np.ndarray:
    """How many values each window holds, float32 of shape `output`; beyond the padding are none."""
    image = np.ones((1, 1, *size), np.float32)
    margins = ((0, 0), (0, 0), *zip(seen.begins, seen.ends, strict=True))
    inside = np.pad(image, margins, constant_values=np.float32(include_pad))
    reach = np.pad(inside, ((0, 0), (0, 0), *((0, more) for more in seen.beyond)))
    total = np.zeros(seen.output, np.float32)
    for _, window in seen.places():
        total += reach[(0, 0, *window)]
    return total
