"""Sigmoid on integers: ONNX Sigmoid between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.elementwise import checked_contract
from quantlab.numerics.ops.fused_multiply_add import fused_multiply_add
from quantlab.numerics.ops.table import by_table
from quantlab.numerics.qparams import QParams

# Eigen's rational approximation, highest power of x * x first.
NUMERATOR = (4.37031012579801e-11, 1.15627324459942e-07, 6.08574864600143e-05,
             8.51377133304701e-03, 2.48287947061529e-01)  # fmt: skip
DENOMINATOR = (6.10247389755681e-13, 5.76102136993427e-09, 6.29106785017040e-06,
               1.70198817374094e-03, 1.16817656904453e-01, 9.93151921023180e-01)  # fmt: skip
LIMIT = np.float32(18)


def sigmoid(
    x: Any, x_qparams: QParams, y_qparams: QParams, *, contract: str = "onnxruntime"
) -> np.ndarray:
    """`1 / (1 + exp(-x))`, from the ruler of x to that of y.

    onnxruntime
        The fused QLinearSigmoid of ONNX Runtime on x86 with AVX2 and FMA: a table of 256 entries
        made of Eigen's rational approximation `x * p(x * x) / q(x * x) + 0.5`, every step a float32
        fused multiply-add. It is within a few float32 units of the definition, so results differ by
        1 only where that is enough to cross a tie. CPUs without FMA, and ARM, round between the
        multiplication and the addition, and may differ by 1 likewise.
    onnx
        The definition, computed in float64 and rounded once to float32 before it is quantized.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams, y_qparams : QParams, per-tensor
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array of x's shape and dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams; no such contract.

    Examples
    --------
    >>> x, y = QParams(0.5, 128, "uint8"), QParams(1 / 256, 0, "uint8")
    >>> sigmoid([0, 128, 130, 255], x, y)
    array([  0, 128, 187, 255], dtype=uint8)
    """
    checked_contract(contract)
    return by_table(x, x_qparams, y_qparams, _rational if contract == "onnxruntime" else _exact)


def _rational(real: np.ndarray) -> np.ndarray:
    value = np.clip(real, -LIMIT, LIMIT)
    square = value * value
    quotient = (value * _polynomial(NUMERATOR, square)) / _polynomial(DENOMINATOR, square)
    return np.maximum(quotient + np.float32(0.5), np.float32(0))


def _polynomial(coefficients: tuple[float, ...], at: np.ndarray) -> np.ndarray:
    total: Any = np.float32(coefficients[0])
    for coefficient in coefficients[1:]:
        total = fused_multiply_add(at, total, np.float32(coefficient))
    return np.asarray(total)


def _exact(real: np.ndarray) -> np.ndarray:
    # exp of minus the magnitude cannot overflow.
    small = np.exp(-np.abs(real.astype(np.float64)))
    return np.where(real >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)
