"""Real numbers to integers and back."""

from typing import Any

import numpy as np

from quantlab.numerics.qparams import QParams
from quantlab.numerics.rounding import rounding_contract
from quantlab.numerics.validation import channel_axis, finite_float32


def quantize(x: Any, qparams: QParams, rounding: str = "onnx") -> np.ndarray:
    """Read each number off the ruler: the integer of the nearest tick.

    `saturate(rint(x / scale) + zero_point)`: a number off the ruler becomes the integer at
    that end. The order of the steps is the contract of ONNX QuantizeLinear; `rounding` names
    another. The result is clamped first and cast to integers last, so nothing wraps around.

    Parameters
    ----------
    x : float array of any shape, or a float
        Finite. float64 is rounded to float32 first.
    qparams : QParams
        The ruler. Per-channel qparams need an x with as many channels along `qparams.axis`.
    rounding : str
        One of ROUNDINGS: "onnx", "onnxruntime", "torch", "torch_legacy", "gemmlowp", "tflite" or
        "tflite_single".

    Returns
    -------
    integer array of x's shape and dtype `qparams.storage`, values from qmin to qmax

    Raises
    ------
    ValueError
        x is not of a float dtype, empty, or holds NaN or infinity; the axis or the number of
        channels does not fit; no such rounding.

    Examples
    --------
    >>> from quantlab.numerics import choose_qparams
    >>> quantize([-0.9, 0.0, 0.3, 7.0], choose_qparams(-0.9, 5.0))
    array([  0,  39,  52, 255], dtype=uint8)
    """
    contract = rounding_contract(rounding)
    x32 = finite_float32(x, "x")
    scale, zero_point = broadcast_qparams(qparams, x32.shape, "x")
    with np.errstate(over="ignore"):  # a huge x over a tiny scale is inf, and saturates
        whole = contract(x32, scale, zero_point.astype(np.float32), qparams.qmin, qparams.qmax)
    return np.asarray(np.clip(whole, qparams.qmin, qparams.qmax)).astype(qparams.storage)


def dequantize(q: Any, qparams: QParams) -> np.ndarray:
    """Back to real numbers: `(q - zero_point) * scale`, as ONNX DequantizeLinear does.

    Parameters
    ----------
    q : integer array of any shape, or an int
        Values from qmin to qmax.
    qparams : QParams
        The ruler that made q.

    Returns
    -------
    float32 array of q's shape

    Raises
    ------
    ValueError
        q is not of an integer dtype, is empty or holds an integer outside the dtype's limits; the
        axis or the number of channels does not fit.

    Examples
    --------
    >>> from quantlab.numerics import choose_qparams
    >>> dequantize([0, 39, 52], choose_qparams(-0.9, 5.0))
    array([-0.9023529 ,  0.        ,  0.30078432], dtype=float32)
    """
    array = np.asarray(q)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"q has dtype {array.dtype}, but dequantize starts from integers: "
            f"pass what quantize returned."
        )
    if array.size == 0:
        raise ValueError(
            f"q is empty (shape {array.shape}), but at least one value is needed: "
            f"check the slice that made it."
        )
    low, high = array.min(), array.max()
    # The narrow range limits what quantize writes; a reader accepts every integer of the type.
    bottom = qparams.qmin - qparams.narrow
    if low < bottom or high > qparams.qmax:
        raise ValueError(
            f"q runs from {low} to {high}, but {qparams.dtype} holds {bottom} to "
            f"{qparams.qmax}: check which qparams belong to this tensor."
        )
    scale, zero_point = broadcast_qparams(qparams, array.shape, "q")
    # int32 before the subtraction: uint8 would wrap around. At most 17 bits: float32 is exact.
    steps = array.astype(np.int32) - zero_point
    return np.asarray(steps.astype(np.float32) * scale)


def fake_quantize(x: Any, qparams: QParams, rounding: str = "onnx") -> np.ndarray:
    """Quantize and dequantize: real numbers again, but only those the ruler can say.

    Takes what `quantize` takes; returns a float32 array of x's shape.

    Examples
    --------
    >>> from quantlab.numerics import choose_qparams
    >>> fake_quantize(0.3, choose_qparams(-0.9, 5.0))
    array(0.30078432, dtype=float32)
    """
    return dequantize(quantize(x, qparams, rounding), qparams)


def broadcast_qparams(
    qparams: QParams, shape: tuple[int, ...], name: str
) -> tuple[np.ndarray, np.ndarray]:
    """scale and zero_point shaped so that they broadcast along the channel axis of `shape`."""
    scale, zero_point = np.asarray(qparams.scale), np.asarray(qparams.zero_point)
    if qparams.axis is None:
        return scale, zero_point
    axis = channel_axis(qparams.axis, len(shape), name)
    if shape[axis] != scale.size:
        raise ValueError(
            f"{name} has {shape[axis]} channels along axis {qparams.axis} (shape {shape}), but "
            f"qparams has {scale.size} scales: choose qparams for this tensor and this axis."
        )
    aligned = [1] * len(shape)
    aligned[axis] = scale.size
    return scale.reshape(aligned), zero_point.reshape(aligned)
