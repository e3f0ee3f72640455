"""The ways in common use to turn a real number into an integer, each under its system's name.

All are given x, scale and zero_point as float32 arrays that broadcast together, do their arithmetic
in float32 as the originals do, and return whole numbers in float32 that `quantize` then saturates.
They agree except near ties, numbers half way between two ticks, where the order of three small
operations decides: divide or multiply by the reciprocal, add zero_point before or after rounding,
round a half to the even neighbour or away from zero.

The names are one vocabulary: `requantize`, `conv`, `gemm` and `matmul` of `quantlab.numerics.ops`
take the same as `contract`. Where two systems round a real number alike, they part there.
"""

from collections.abc import Callable

import numpy as np

Contract = Callable[[np.ndarray, np.ndarray, np.ndarray, float, float], np.ndarray]


def onnx(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """ONNX QuantizeLinear: divide, round half to even, add zero_point."""
    return np.rint(x / scale) + zero_point


def onnxruntime(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """MlasQuantizeLinear of ONNX Runtime: clamped before it is rounded, the integers of onnx."""
    return np.rint(np.clip(x / scale, qmin - zero_point, qmax - zero_point)) + zero_point


def torch(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """torch.fake_quantize_*: multiply by the float32 reciprocal, half to even, add zero_point.

    torch's per-channel kernel casts to int64 before it clamps: from 2^63 steps on it answers qmin
    for large positive numbers. That is an overflow, not a contract; here such numbers saturate.
    """
    return np.rint(x * (np.float32(1) / scale)) + zero_point


def torch_legacy(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """torch.quantize_per_tensor (deprecated): add zero_point, then round half to even.

    A tie now goes to the even *integer*, not to the even number of steps: with an odd zero_point
    every tie lands on the other side. The sum is a fused multiply-add, as in torch's builds for
    CPUs that have one (x86 since AVX2). float64 holds the product of two float32 numbers exactly,
    so rounding the float64 sum once gives the fused result.
    """
    product = x.astype(np.float64) * (np.float32(1) / scale).astype(np.float64)
    return np.rint((product + zero_point).astype(np.float32))


def gemmlowp(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """gemmlowp's quantization_example.cc: divide, add zero_point, clamp, half away from zero."""
    return _half_away_from_zero(np.clip(zero_point + x / scale, qmin, qmax))


def tflite(
    x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, qmin: float, qmax: float
) -> np.ndarray:
    """TensorFlow Lite's AffineQuantize: divide, round half away from zero, add zero_point.

    The same under TFLITE_SINGLE_ROUNDING, "tflite_single", which changes requantization only.
    """
    return _half_away_from_zero(x / scale) + zero_point


def _half_away_from_zero(value: np.ndarray) -> np.ndarray:
    # floor(value + 0.5) would be wrong for 0.49999997: the float32 sum is already 1.0.
    # value - trunc(value) is exact, so the comparison sees the true fraction.
    whole = np.trunc(value)
    with np.errstate(invalid="ignore"):  # inf - inf: an overflowed quotient, which stays infinite
        up = np.abs(value - whole) >= np.float32(0.5)
    return np.where(up, whole + np.copysign(np.float32(1), value), whole)


ROUNDINGS: dict[str, Contract] = {
    "onnx": onnx,
    "onnxruntime": onnxruntime,
    "torch": torch,
    "torch_legacy": torch_legacy,
    "gemmlowp": gemmlowp,
    "tflite": tflite,
    "tflite_single": tflite,
}


def rounding_contract(name: str) -> Contract:
    """Look a contract up by its name.

    Raises
    ------
    ValueError
        There is no contract of this name.
    """
    if not isinstance(name, str) or name not in ROUNDINGS:
        raise ValueError(
            f"rounding is {name!r}, but the contracts are {', '.join(ROUNDINGS)}: "
            f"name one of these; 'onnx' is the default."
        )
    return ROUNDINGS[name]
