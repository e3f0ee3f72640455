"""What operators without weights share: the names of their contracts, the checks of operands."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.qparams import QParams

#: "onnxruntime" is the fused kernel; "onnx" dequantizes, computes in float32 and quantizes.
CONTRACTS = ("onnxruntime", "onnx")


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
    a: Any, a_qparams: QParams, b: Any, b_qparams: QParams, y: QParams, contract: str
) -> tuple[np.ndarray, np.ndarray]:
    """`q - zero_point` of both operands as int32, after the checks that add and mul share.

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams; no such contract.
    """
    checked_contract(contract)
    for name, qparams in (("a_qparams", a_qparams), ("b_qparams", b_qparams), ("y", y)):
        per_tensor(qparams, name)
    return centered(a, a_qparams, "a"), centered(b, b_qparams, "b")


def finite_ratio(ratio: np.float32) -> np.float32:
    """A quotient of scales, unless it is beyond float32.

    Raises
    ------
    ValueError
        The quotient is infinite.
    """
    if not np.isfinite(ratio):
        raise ValueError(
            "a quotient of the scales is beyond float32's largest number 3.4e38: these scales do "
            "not belong to one layer; choose them from its ranges."
        )
    return ratio
