"""INT8 activations moved to UINT8, 128 higher with their zero_point: the same real numbers.

ONNX Runtime does so on x86 before anything else, wherever one DequantizeLinear reads a tensor.
"""

from __future__ import annotations

import numpy as np

from quantlab.numerics import QParams


def moved_ruler(ruler: QParams) -> QParams:
    """The ruler of the moved integers."""
    return QParams(ruler.scale, ruler.zero_point + 128, "uint8", axis=ruler.axis)


def moved_up(q: np.ndarray) -> np.ndarray:
    """INT8 integers as UINT8."""
    return (q.astype(np.int16) + 128).astype(np.uint8)


def moved_down(q: np.ndarray) -> np.ndarray:
    """And back."""
    return (q.astype(np.int16) - 128).astype(np.int8)
