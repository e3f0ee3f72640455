"""A function of one or two 8-bit integers: all its answers, computed once."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def by_table(
    x: Any,
    x_qparams: QParams,
    y_qparams: QParams,
    function: Callable[[np.ndarray], np.ndarray],
    name: str = "x",
) -> np.ndarray:
    """Dequantize, `function`, quantize: for each integer that x may hold once, then looked up.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams, y_qparams : QParams, per-tensor
    function : float32 array -> float32 array, value by value
    name : str
        What messages call x.

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams.
    """
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y_qparams, "y_qparams")
    place = centered(x, x_qparams, name) + int(x_qparams.zero_point)
    lowest = x_qparams.qmin - x_qparams.narrow
    integers = np.arange(lowest, x_qparams.qmax + 1)
    table = quantize(function(dequantize(integers, x_qparams)), y_qparams)
    return np.asarray(table[place - lowest])


def by_pairs(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray],
    a: np.ndarray,
    a_qparams: QParams,
    b: np.ndarray,
    b_qparams: QParams,
) -> np.ndarray:
    """`function(a, b)` of stored integers that broadcast, value by value.

    For more outputs than there are pairs of integers, each pair is computed once and looked up.
    """
    count = int(np.prod(np.broadcast_shapes(a.shape, b.shape)))
    lows = [q.qmin - q.narrow for q in (a_qparams, b_qparams)]
    sizes = [q.qmax - low + 1 for q, low in zip((a_qparams, b_qparams), lows, strict=True)]
    if count <= sizes[0] * sizes[1]:
        return function(a, b)
    every = [np.arange(low, low + size) for low, size in zip(lows, sizes, strict=True)]
    table = function(every[0][:, None], every[1]).ravel()
    return np.asarray(table[(a - lows[0]) * sizes[1] + (b - lows[1])])
