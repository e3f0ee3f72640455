"""Clip on integers, and whether a ruler does it already."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import quantize


def clip(
    x: Any, x_qparams: QParams, low: float | None = None, high: float | None = None
) -> np.ndarray:
    """Numbers below `low` become `low`, those above `high` become `high`, on the ruler of x.

    `min(max(x_q, quantize(low)), quantize(high))`: quantizing keeps order, so these are the
    integers of clipping the real numbers and quantizing them again. Relu6 is low 0, high 6.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams : QParams, per-tensor
    low, high : float, optional
        Finite, low <= high. None is no limit.

    Returns
    -------
    integer array of x's shape and dtype `x_qparams.storage`

    Raises
    ------
    ValueError
        As `centered` and `quantize` do; low > high; per-channel qparams.

    Examples
    --------
    >>> clip([0, 5, 9, 200], QParams(0.5, 5, "uint8"), 0.0, 6.0)
    array([ 5,  5,  9, 17], dtype=uint8)
    """
    per_tensor(x_qparams, "x_qparams")
    steps = centered(x, x_qparams, "x") + x_qparams.zero_point
    lowest, highest = _ticks(x_qparams, low, high)
    return np.asarray(np.clip(steps, lowest, highest)).astype(x_qparams.storage)


def clip_is_redundant(
    y_qparams: QParams, low: float | None = None, high: float | None = None
) -> bool:
    """Whether quantizing on y clips to [low, high] by itself, so that a Clip before it is needless.

    It does where `quantize(low)` is y's lowest integer and `quantize(high)` its highest: a number
    beyond a limit saturates there anyway. For Relu ask for low 0, for Relu6 for 0 and 6.

    Parameters
    ----------
    y_qparams : QParams, per-tensor
    low, high : float, optional
        Finite, low <= high. None is no limit.

    Raises
    ------
    ValueError
        low > high, NaN or infinity; per-channel qparams.

    Examples
    --------
    >>> clip_is_redundant(QParams(0.1, 0, "uint8"), 0.0)
    True
    >>> clip_is_redundant(QParams(0.1, 0, "uint8"), 0.0, 6.0)  # 6.0 is tick 60
    False
    """
    per_tensor(y_qparams, "y_qparams")
    return _ticks(y_qparams, low, high) == (y_qparams.qmin, y_qparams.qmax)


def _ticks(qparams: QParams, low: float | None, high: float | None) -> tuple[int, int]:
    """The integers of both limits, the ruler's own ends where there is none."""
    if low is not None and high is not None and low > high:
        raise ValueError(f"low is {low} and high is {high}, but a range runs upwards: swap them.")
    ends = (qparams.qmin if low is None else low, qparams.qmax if high is None else high)
    return (
        int(ends[0]) if low is None else int(quantize(float(low), qparams)),
        int(ends[1]) if high is None else int(quantize(float(high), qparams)),
    )
