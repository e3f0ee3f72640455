"""Random integers and rulers for one operator at a time, ties included."""

import numpy as np

from quantlab.numerics import DTYPES, QParams


def random_integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Any integers of the type, both ends included."""
    kind = DTYPES[dtype]
    return rng.integers(kind.qmin, kind.qmax + 1, shape).astype(kind.storage)


def random_ruler(rng: np.random.Generator, dtype: str, scale: float | None = None) -> QParams:
    """Any zero_point; a scale as given, or one around 0.05, every other time a power of two.

    Powers of two make multipliers that are powers of two, and those make ties: sums that fall half
    way between two ticks, where the rounding shows.
    """
    kind = DTYPES[dtype]
    power = 2.0 ** int(rng.integers(-7, -2))
    chosen = power if rng.random() < 0.5 else rng.uniform(0.01, 0.1)
    z = int(rng.integers(kind.qmin, kind.qmax + 1))
    return QParams(chosen if scale is None else scale, z, dtype)


def random_weight_ruler(rng: np.random.Generator, channels: int, axis: int, dtype: str) -> QParams:
    """Symmetric int8 weights, per-tensor or per-channel; uint8 ones with any zero_point."""
    if dtype == "uint8":
        return random_ruler(rng, dtype)
    if rng.random() < 0.5:
        return QParams(random_ruler(rng, dtype).scale, 0, dtype)
    scales = np.float32([random_ruler(rng, dtype).scale for _ in range(channels)])
    return QParams(scales, 0, dtype, axis=axis)


def output_ruler(
    rng: np.random.Generator, accumulator: np.ndarray, x: QParams, w: QParams, dtype: str
) -> QParams:
    """A ruler over which most sums fall, and some saturate; half the time a power of two."""
    spread = float(np.std(accumulator)) * float(x.scale) * float(np.mean(w.scale))
    scale = max(spread, 1e-3) / float(rng.uniform(30, 120))
    if rng.random() < 0.5:
        scale = 2.0 ** np.round(np.log2(scale))
    return random_ruler(rng, dtype, scale)


def random_bias(rng: np.random.Generator, channels: int, terms: int) -> np.ndarray:
    """int32 biases about as large as sums of `terms` products of 8-bit integers."""
    largest = int(127 * 64 * np.sqrt(terms))
    return rng.integers(-largest, largest + 1, channels).astype(np.int32)


def bias_scale(x: QParams, w: QParams) -> np.ndarray:
    """x.scale * w.scale in float32, which makes a bias addable to sums of products."""
    return np.asarray(x.scale * w.scale)


def moved_to_uint8(q: np.ndarray, qparams: QParams) -> tuple[np.ndarray, QParams]:
    """The same real numbers in uint8: int8 integers and their zero_point, both 128 higher.

    On x86 ONNX Runtime leaves operators between INT8 activations in float32, where their last
    bits are not the integer kernels'. Moved, they can be compared with those kernels.
    """
    zero_point = int(qparams.zero_point) + 128
    return (q.astype(np.int16) + 128).astype(np.uint8), QParams(qparams.scale, zero_point, "uint8")
