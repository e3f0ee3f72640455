"""From an int32 sum of products to the 8-bit integers of the output: one multiplication."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import INT32_MAX, INT32_MIN, per_tensor
from quantlab.numerics.ops.fixed_point import (
    multiply_double_rounding,
    multiply_single_rounding,
    quantize_multiplier,
)
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import quantize
from quantlab.numerics.validation import channel_axis


def requantize(
    accumulator: Any,
    x_qparams: QParams,
    w_qparams: QParams,
    y_qparams: QParams,
    *,
    contract: str = "onnxruntime",
    axis: int | None = None,
) -> np.ndarray:
    """`accumulator * x.scale * w.scale / y.scale` on the ruler of y, saturated.

    onnx
        The definition for int32 sums, DequantizeLinear with the scale f32(x.scale * w.scale), then
        QuantizeLinear: `rint(f32(f32(acc) * f32(x.scale * w.scale)) / y.scale) + z`, saturated.
        (A whole layer by definition has no integer sums: see `contract` of `conv`.)
    onnxruntime
        `rint(clip(f32(acc) * f32(f32(x.scale * w.scale) / y.scale), qmin - z, qmax - z)) + z`,
        every step in float32, a half to the even number of steps. ONNX Runtime's fused kernels
        (QLinearConv, QLinearMatMul, QGemm) in mlas/lib/quantize.cpp. Not the definition: it rounds
        at other places.
    torch
        What a fake-quantized torch model makes of the sums: as onnx, but times the float32
        reciprocal of y.scale.
    torch_legacy
        torch's quantized tensors (deprecated) on FBGEMM: the arithmetic of onnxruntime.
    gemmlowp
        A 31-bit integer multiplier and a shift to the right, rounded after each: quantize down by
        fixed point in gemmlowp's output pipeline. The multiplier must be below 1.
    tflite
        The same arithmetic for any multiplier: TensorFlow Lite's reference kernels, as built by
        default ("double rounding").
    tflite_single
        The 64-bit product is rounded once, a half upwards: TFLITE_SINGLE_ROUNDING.

    The fixed-point contracts divide the scales in float64 and round that quotient once to 31 bits.

    Parameters
    ----------
    accumulator : integer array of any shape, values of int32
        Sums of (x_q - x_zero_point) * (w_q - w_zero_point), bias included.
    x_qparams, y_qparams : QParams, per-tensor
    w_qparams : QParams, per-tensor or per-channel
    contract : str
        One of ROUNDINGS.
    axis : int, optional
        The accumulator's channel axis, for per-channel w.

    Returns
    -------
    integer array of the accumulator's shape and dtype `y.storage`, from y.qmin to y.qmax

    Raises
    ------
    ValueError
        An accumulator that is not integers of int32 or is empty, channels that do not fit, scales
        whose quotient is no finite number, a multiplier the contract cannot hold, no such contract.

    Examples
    --------
    >>> x, w, y = QParams(0.5, 3, "uint8"), QParams(0.25, 0, "int8"), QParams(0.25, 10, "uint8")
    >>> requantize([-40, 1, 3, 1000], x, w, y)
    array([  0,  10,  12, 255], dtype=uint8)
    >>> requantize([-40, 1, 3, 1000], x, w, y, contract="tflite")
    array([  0,  11,  12, 255], dtype=uint8)
    """
    if contract not in REQUANTIZATIONS:
        raise ValueError(
            f"contract is {contract!r}, but accumulators are requantized by one of "
            f"{', '.join(REQUANTIZATIONS)}: name one of these."
        )
    acc = _as_int32(accumulator)
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y_qparams, "y_qparams")
    xs, ws, ys = (np.asarray(q.scale) for q in (x_qparams, w_qparams, y_qparams))
    if w_qparams.axis is not None:
        ws = ws.reshape(_aligned(acc.shape, axis, ws.size))
    return REQUANTIZATIONS[contract](acc, xs, ws, ys, y_qparams)


def _onnx(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    return quantize(_dequantized(acc, xs, ws), y_qparams, "onnx")


def _torch(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    return quantize(_dequantized(acc, xs, ws), y_qparams, "torch")


def _dequantized(acc: np.ndarray, xs: np.ndarray, ws: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        real = acc.astype(np.float32) * (xs * ws)
    if not np.isfinite(real).all():
        raise ValueError(
            "accumulator * x_scale * w_scale is beyond float32's largest number 3.4e38: these "
            "scales do not belong to one layer; choose them from its ranges."
        )
    return np.asarray(real)


def _onnxruntime(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        multiplier = _finite((xs * ws) / ys)
        # float32(acc) * multiplier; an infinite product saturates below.
        steps = np.asarray(np.multiply(acc, multiplier, dtype=np.float32))
    z = int(y_qparams.zero_point)
    # One array, changed in place: whole images pass here. Clamped before rounding, so that the cast
    # to integers never sees a number beyond them; zero_point is added to whole numbers, exactly.
    np.clip(steps, np.float32(y_qparams.qmin - z), np.float32(y_qparams.qmax - z), out=steps)
    np.rint(steps, out=steps)
    steps += np.float32(z)
    return steps.astype(y_qparams.storage)


def _gemmlowp(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    multiplier = _quotient(xs, ws, ys)
    if (multiplier >= 1).any():
        raise ValueError(
            f"the multiplier x_scale * w_scale / y_scale is {multiplier.max():g}, but gemmlowp "
            f"only shifts to the right, for multipliers below 1: use contract='tflite'."
        )
    return _saturated(multiply_double_rounding(acc, *quantize_multiplier(multiplier)), y_qparams)


def _tflite(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    m0, shift = quantize_multiplier(_quotient(xs, ws, ys))
    return _saturated(multiply_double_rounding(acc, m0, shift), y_qparams)


def _tflite_single(
    acc: np.ndarray, xs: np.ndarray, ws: np.ndarray, ys: np.ndarray, y_qparams: QParams
) -> np.ndarray:
    m0, shift = quantize_multiplier(_quotient(xs, ws, ys), single=True)
    return _saturated(multiply_single_rounding(acc, m0, shift), y_qparams)


#: The names of ROUNDINGS: what each of these systems makes of an int32 sum.
REQUANTIZATIONS: dict[str, Callable[..., np.ndarray]] = {
    "onnx": _onnx,
    "onnxruntime": _onnxruntime,
    "torch": _torch,
    "torch_legacy": _onnxruntime,
    "gemmlowp": _gemmlowp,
    "tflite": _tflite,
    "tflite_single": _tflite_single,
}


def _quotient(xs: np.ndarray, ws: np.ndarray, ys: np.ndarray) -> np.ndarray:
    return xs.astype(np.float64) * ws.astype(np.float64) / ys.astype(np.float64)


def _saturated(steps: np.ndarray, y_qparams: QParams) -> np.ndarray:
    return np.clip(steps + int(y_qparams.zero_point), y_qparams.qmin, y_qparams.qmax).astype(
        y_qparams.storage
    )


def _finite(multiplier: np.ndarray) -> np.ndarray:
    if not np.isfinite(multiplier).all():
        raise ValueError(
            "the multiplier x_scale * w_scale / y_scale is beyond float32's largest number "
            "3.4e38: these scales do not belong to one layer; choose them from its ranges."
        )
    return multiplier


def _as_int32(accumulator: Any) -> np.ndarray:
    array = np.asarray(accumulator)
    if array.dtype.kind not in "iu" or array.size == 0:
        raise ValueError(
            f"accumulator has dtype {array.dtype} and shape {array.shape}, but it holds sums of "
            f"integer products: pass a non-empty int32 array."
        )
    if array.dtype != np.int32 and (array.min() < INT32_MIN or array.max() > INT32_MAX):
        raise ValueError(
            f"accumulator runs from {array.min()} to {array.max()}, but int32 holds {INT32_MIN} "
            f"to {INT32_MAX}: a runtime would have wrapped around."
        )
    return array.astype(np.int32, copy=False)


def _aligned(shape: tuple[int, ...], axis: int | None, channels: int) -> list[int]:
    if axis is None:
        raise ValueError("w is per-channel, but axis is None: name the accumulator's channel axis.")
    at = channel_axis(axis, len(shape), "accumulator")
    if shape[at] != channels:
        raise ValueError(
            f"accumulator has {shape[at]} channels along axis {axis} (shape {shape}), but w has "
            f"{channels} scales: choose qparams for this layer and this axis."
        )
    aligned = [1] * len(shape)
    aligned[at] = channels
    return aligned
