"""A function of one number on 8-bit integers: all its answers, computed once."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize


def by_table(
    x: Any, x_qparams: QParams, y: QParams, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Dequantize, `function`, quantize: for each integer that x may hold once, then looked up.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams, y : QParams, per-tensor
    function : float32 array -> float32 array, value by value

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams.
    """
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y, "y")
    place = centered(x, x_qparams, "x") + int(x_qparams.zero_point)
    lowest = x_qparams.qmin - x_qparams.narrow
    integers = np.arange(lowest, x_qparams.qmax + 1)
    table = quantize(function(dequantize(integers, x_qparams)), y)
    return np.asarray(table[place - lowest])
