"""What operators without weights share: the names of their contracts, the checks of operands."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams

#: "onnxruntime" is the fused kernel; "onnx" dequantizes, computes in float32 and quantizes.
CONTRACTS = ("onnxruntime", "onnx")
# Sums of two 16-bit integers and their zero_points stay below.
MOST_STEPS = np.float32(2**18)


def checked_contract(contract: str) -> None:
    """Refuse a contract that operators without weights do not know.

    Raises
    ------
    ValueError
        No such contract.
    """
    if contract not in CONTRACTS:
        raise ValueError(
            f"contract is {contract!r}, but operators without weights follow one of "
            f"{', '.join(CONTRACTS)}: name one of these."
        )


def checked_steps(
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams, y_qparams: QParams, contract: str
) -> tuple[np.ndarray, np.ndarray]:
    """`q - zero_point` of both operands as int32, after the checks that add and mul share.

    Raises
    ------
    ValueError
        As `centered` does; shapes that do not broadcast; per-channel qparams; no such contract.
    """
    checked_contract(contract)
    for name, qparams in (
        ("a_qparams", a_qparams),
        ("b_qparams", b_qparams),
        ("y_qparams", y_qparams),
    ):
        per_tensor(qparams, name)
    left, right = centered(a, a_qparams, "a"), centered(b, b_qparams, "b")
    try:
        np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}, but they do not broadcast: make every "
            f"dimension equal or 1."
        ) from None
    return left, right


def finite_ratio(ratio: np.float32) -> np.float32:
    """A quotient of scales, unless a sum of a few steps times it is beyond float32.

    Raises
    ------
    ValueError
        The quotient is too large.
    """
    if not np.isfinite(ratio * MOST_STEPS):
        raise ValueError(
            "a quotient of the scales is beyond what float32 holds, 3.4e38: these scales do "
            "not belong to one layer; choose them from its ranges."
        )
    return ratio
