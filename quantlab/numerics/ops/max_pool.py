"""Largest value of the windows of an image: ONNX MaxPool on integers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import integer_array
from quantlab.numerics.ops.windows import pool_windows


def max_pool(
    x: Any,
    *,
    kernel_shape: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """The largest integer of every window of every channel's image.

    A larger integer is a larger number on any ruler, so x's ruler is the output's and nothing is
    rounded. ONNX Runtime runs MaxPool on the integers where both have one ruler.

    Parameters
    ----------
    x : integer array (N, C, *spatial), 1 to 3 spatial dimensions
    kernel_shape, strides, dilations : int, or one a spatial dimension, 1 or more
    pads : int, one a spatial dimension, or ONNX's list of all begins and then all ends; smaller
        than the kernel. Padding is smaller than any value.
    ceil_mode : bool
        Keep a last window that reaches beyond the padding.

    Returns
    -------
    integer array (N, C, *output) of x's dtype

    Raises
    ------
    ValueError
        x is not of an integer dtype or is empty; settings that do not fit.

    Examples
    --------
    >>> max_pool(np.array([[[1, 7, 3]]], np.uint8), kernel_shape=2, pads=(1, 0))
    array([[[1, 7, 7]]], dtype=uint8)
    """
    array = integer_array(x, "x")
    seen = pool_windows(array.shape, kernel_shape, strides, pads, dilations, ceil_mode=ceil_mode)
    lowest = int(np.iinfo(array.dtype).min)
    padded = seen.padded(array, lowest)
    largest = np.full((*array.shape[:2], *seen.output), lowest, array.dtype)
    for _, window in seen.places():
        np.maximum(largest, padded[(..., *window)], out=largest)
    return largest
