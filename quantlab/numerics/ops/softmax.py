"""Softmax on integers: ONNX Softmax between DequantizeLinear and QuantizeLinear."""

from math import exp, log
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import centered, per_tensor
from quantlab.numerics.ops.elementwise import checked_contract
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize
from quantlab.numerics.validation import channel_axis


def softmax(
    x: Any, x_qparams: QParams, y_qparams: QParams, *, axis: int = -1, contract: str = "onnxruntime"
) -> np.ndarray:
    """`exp(x) / sum(exp(x))` along an axis, from the ruler of x to that of y.

    onnxruntime
        The fused QLinearSoftmax of ONNX Runtime (qlinear_softmax.cc): powers from a float32 table
        of 256 entries, counted from the largest value of a row; their float32 sum, one after the
        other; then `rint(power * floor(1 / y.scale) / sum) + y_z`. The definition differs by at
        most 1: near ties, and where 1 / y.scale is no whole number, because the kernel cuts it
        down to one (254 for the float32 next to 1/255; 1/256 is exact).
    onnx
        The definition, computed in float64 and rounded once to float32 before it is quantized.

    Parameters
    ----------
    x : 8-bit integer array of any shape
    x_qparams, y_qparams : QParams, per-tensor
        int8 or uint8.
    axis : int
        Along which the outputs add up to 1.
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array of x's shape and dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; other types than 8-bit ones; no such axis; per-channel qparams; no such
        contract.

    Examples
    --------
    >>> x, y = QParams(0.5, 0, "uint8"), QParams(1 / 256, 0, "uint8")
    >>> softmax([0, 2, 4], x, y)
    array([ 23,  63, 170], dtype=uint8)
    """
    checked_contract(contract)
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y_qparams, "y_qparams")
    for name, qparams in (("x_qparams", x_qparams), ("y_qparams", y_qparams)):
        if qparams.dtype not in ("uint8", "int8"):
            raise ValueError(
                f"{name} is {qparams.dtype}, but softmax looks up 256 powers: use int8 or uint8."
            )
    steps = centered(x, x_qparams, "x")
    at = channel_axis(axis, steps.ndim, "x")
    if contract == "onnx":
        real = dequantize(x, x_qparams).astype(np.float64)
        powers = np.exp(real - real.max(axis=at, keepdims=True))
        return quantize((powers / powers.sum(axis=at, keepdims=True)).astype(np.float32), y_qparams)
    rows = np.moveaxis(steps, at, -1)
    below = rows - rows.max(axis=-1, keepdims=True)
    powers = _powers(float(x_qparams.scale), rows.shape[-1])[255 + below]
    # cumsum adds one after the other, as the kernel does; sum adds in pairs.
    total = np.cumsum(powers, axis=-1, dtype=np.float32)[..., -1:].astype(np.float64)
    levels = np.floor(np.float32(1) / y_qparams.scale)
    ticks = np.rint(powers.astype(np.float64) * levels / total) + int(y_qparams.zero_point)
    return np.moveaxis(
        np.clip(ticks, y_qparams.qmin, y_qparams.qmax).astype(y_qparams.storage), -1, at
    )


def _powers(scale: float, count: int) -> np.ndarray:
    """256 powers exp((i - 255) * scale), all times one constant, as float32.

    The constant is as large as a sum of `count` of them in float32 allows, less e^5: small powers
    keep their bits. It decides how each of them is rounded, so it is the kernel's own.
    """
    largest = np.finfo(np.float32).max / np.float32(count)
    # The kernel takes this logarithm in float32 and the powers in float64.
    room = max(0.0, float(np.float32(log(largest))) - 5) / scale
    return np.array([exp((i - 255 + room) * scale) for i in range(256)], np.float32)
