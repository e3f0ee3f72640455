"""Mean over an image, channel by channel: ONNX GlobalAveragePool on integers."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator, centered, per_tensor
from quantlab.numerics.ops.elementwise import checked_contract
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, quantize

# What ONNX Runtime's kernel computes; it throws on other multipliers.
LEAST_MULTIPLIER, MULTIPLIER_LIMIT = 2.0**-32, 256.0


def global_average_pool(
    x: Any, x_qparams: QParams, y_qparams: QParams, *, contract: str = "onnxruntime"
) -> np.ndarray:
    """The mean of every channel's image.

    onnxruntime
        The fused QLinearGlobalAveragePool of ONNX Runtime on x86 (mlas qlgavgpool.cpp): an int32
        sum of `x_q - x_z` over the n values of an image, then in float32
        `rint(clip(sum * f32(x.scale / f32(y.scale * n)), qmin - z, qmax - z)) + z`. The definition
        rounds at other places, so results may differ by 1 near ties. On ARM the kernel multiplies
        in fixed point instead, a half upwards.
    onnx
        The definition: dequantize, take the mean in float32, quantize. The order in which float32
        adds is numpy's.

    Parameters
    ----------
    x : integer array (N, C, *spatial)
    x_qparams, y_qparams : QParams, per-tensor
    contract : str
        "onnxruntime" or "onnx".

    Returns
    -------
    integer array (N, C, 1, ...) of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; x without spatial dimensions; per-channel qparams; scales so far apart
        that the kernel refuses them; no such contract.

    Examples
    --------
    >>> x, y = QParams(1.0, 5, "uint8"), QParams(0.5, 0, "uint8")
    >>> global_average_pool([[[5, 6, 10, 10]]], x, y)
    array([[[6]]], dtype=uint8)
    """
    checked_contract(contract)
    per_tensor(x_qparams, "x_qparams")
    per_tensor(y_qparams, "y_qparams")
    steps = centered(x, x_qparams, "x")
    if steps.ndim < 3:
        raise ValueError(
            f"x has shape {steps.shape}, but a pool reads (N, C, *spatial): add the image's "
            f"dimensions."
        )
    spatial = tuple(range(2, steps.ndim))
    if contract == "onnx":
        mean = dequantize(x, x_qparams).mean(axis=spatial, keepdims=True, dtype=np.float32)
        return quantize(mean, y_qparams)
    # int64: a sum that leaves int32 is refused, not wrapped around.
    sums = as_accumulator(steps.sum(axis=spatial, keepdims=True, dtype=np.int64))
    return requantized_mean(sums, steps[0, 0].size, x_qparams, y_qparams)


def requantized_mean(sums: np.ndarray, count: int, x: QParams, y_qparams: QParams) -> np.ndarray:
    """int32 sums of `count` centered integers each as their mean on the ruler of y."""
    with np.errstate(over="ignore", under="ignore"):
        multiplier = x.scale / (y_qparams.scale * np.float32(count))
    if not LEAST_MULTIPLIER <= multiplier < MULTIPLIER_LIMIT:
        raise ValueError(
            f"the multiplier x_scale / (y_scale * {count}) is {multiplier:g}, but ONNX Runtime's "
            f"kernel computes with 2^-32 to 256 only: choose the scales from this layer's ranges."
        )
    z = int(y_qparams.zero_point)
    scaled = sums.astype(np.float32) * multiplier
    steps = np.rint(np.clip(scaled, np.float32(y_qparams.qmin - z), np.float32(y_qparams.qmax - z)))
    return np.asarray(steps.astype(np.int32) + z).astype(y_qparams.storage)
