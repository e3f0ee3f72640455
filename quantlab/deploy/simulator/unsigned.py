"""INT8 integers moved to UINT8, 128 higher with their zero_point: the same real numbers.

ONNX Runtime does so on x86 before anything else with every activation that one DequantizeLinear
reads, and in sessions that add in 32 bits with such constants as would need it if they were
weights. An operator whose operands are then of two types stays float32.

Source: onnxruntime/core/optimizer/qdq_transformer/qdq_s8_to_u8.cc and avx2_weight_s8_to_u8.cc.
"""

from __future__ import annotations

import numpy as np

from quantlab.deploy.simulator.operand import Operand
from quantlab.numerics import QParams

#: Products of such weights fit INT16 in pairs: 2 * 255 * 64 = 32,640.
SEVEN_BITS = 64


def becomes_unsigned(operand: Operand, exact: bool) -> bool:
    """Whether an INT8 operand is moved: an activation always, a constant where it is large."""
    if operand.constant is None:
        return True
    return exact and bool(np.abs(operand.constant.astype(np.int16)).max() > SEVEN_BITS)


def moved_qparams(qparams: QParams) -> QParams:
    """The ruler of the moved integers."""
    return QParams(qparams.scale, qparams.zero_point + 128, "uint8", axis=qparams.axis)


def moved_up(q: np.ndarray) -> np.ndarray:
    """INT8 integers as UINT8."""
    return (q.astype(np.int16) + 128).astype(np.uint8)


def moved_down(q: np.ndarray) -> np.ndarray:
    """And back."""
    return (q.astype(np.int16) - 128).astype(np.int8)
