"""Relu on integers: nothing below the zero_point."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams


def relu(x: Any, x_qparams: QParams) -> np.ndarray:
    """`max(x, 0)` on the ruler of x: `max(x_q, zero_point)`. 0.0 is a tick, so nothing is rounded.

    A ruler whose zero_point is qmin has done it already: see `clip_is_redundant`.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams : QParams, per-tensor

    Returns
    -------
    integer array of x's shape and dtype `x_qparams.storage`

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams.

    Examples
    --------
    >>> relu([3, 7, 9], QParams(0.5, 7, "uint8"))
    array([7, 7, 9], dtype=uint8)
    """
    per_tensor(x_qparams, "x_qparams")
    steps = np.maximum(centered(x, x_qparams, "x"), 0)
    return np.asarray(steps + x_qparams.zero_point).astype(x_qparams.storage)
