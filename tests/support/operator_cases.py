"""Random integers and rulers for one operator at a time, ties included."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quantlab.numerics import DTYPES, QParams


def random_integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Any integers of the type, both ends included."""
    kind = DTYPES[dtype]
    return np.asarray(rng.integers(kind.qmin, kind.qmax + 1, shape)).astype(kind.storage)


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
    scales = [random_ruler(rng, dtype).scale for _ in range(channels)]
    return QParams(scales, 0, dtype, axis=axis)


def output_ruler(
    rng: np.random.Generator, accumulator: np.ndarray, x: QParams, w: QParams, dtype: str
) -> QParams:
    """A ruler over which most sums fall, and some saturate; half the time a power of two."""
    spread = float(np.std(accumulator)) * float(x.scale) * float(np.mean(w.scale))
    scale = max(spread, 1e-3) / float(rng.uniform(30, 120))
    if rng.random() < 0.5:
        scale = float(2.0 ** np.round(np.log2(scale)))
    return random_ruler(rng, dtype, scale)


def random_bias(rng: np.random.Generator, channels: int, terms: int) -> np.ndarray:
    """int32 biases about as large as sums of `terms` products of 8-bit integers."""
    largest = int(127 * 64 * np.sqrt(terms))
    return rng.integers(-largest, largest + 1, channels).astype(np.int32)


def bias_scale(x: QParams, w: QParams) -> np.ndarray:
    """x.scale * w.scale in float32, which makes a bias addable to sums of products."""
    return np.asarray(x.scale * w.scale)


def broadcast_operands(
    rng: np.random.Generator, dtype: str
) -> tuple[np.ndarray, QParams, np.ndarray, QParams, QParams]:
    """Two operands whose shapes broadcast, scalars included, their rulers and one for the result.

    Half of all output scales are powers of two: with operands alike, ties are common.
    """
    full = tuple(int(n) for n in rng.integers(1, 9, rng.integers(0, 5)))
    (a, a_qparams), (b, b_qparams) = (
        (random_integers(rng, _repeating(rng, full), dtype), random_ruler(rng, dtype))
        for _ in range(2)
    )
    scale = 2.0 ** rng.integers(-5, 0) if rng.random() < 0.5 else rng.uniform(0.03, 0.3)
    return a, a_qparams, b, b_qparams, random_ruler(rng, dtype, scale)


def _repeating(rng: np.random.Generator, full: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to `full`: some axes 1, some in front left out."""
    shape = tuple(1 if rng.random() < 0.25 else n for n in full)
    return shape[int(rng.integers(0, len(shape) + 1)) :] if rng.random() < 0.25 else shape


def near_ties(
    rng: np.random.Generator, dtype: str, combine: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, QParams, np.ndarray, QParams, QParams]:
    """Pairs of integers whose sum or product falls within 1e-4 of the middle between two ticks.

    Scales are quotients of small numbers, so that such pairs exist; at least two are found.
    """
    while True:
        a, b, y = (
            random_ruler(rng, dtype, float(rng.integers(1, 40) / rng.integers(10, 400)))
            for _ in range(3)
        )
        every = np.arange(a.qmin, a.qmax + 1)
        left, right = ((every - int(q.zero_point)) * float(q.scale) for q in (a, b))
        ticks = combine(left[:, None], right) / float(y.scale) + int(y.zero_point)
        near = ~far_from_ties(ticks, 1e-4) & (ticks > y.qmin) & (ticks < y.qmax)
        if near.sum() >= 2:
            of_a, of_b = (every[place].astype(y.storage) for place in np.nonzero(near))
            return of_a, a, of_b, b, y


def random_pool(
    rng: np.random.Generator, dims: int, *, dilated: bool = False, torchs: bool = False
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """The shape of an input and the settings of a pool that fits into it, in ONNX's words.

    torchs: padded alike on both sides and by half a kernel at most, as torch's pools are.
    """
    kernel = [int(k) for k in rng.integers(1, 5, dims)]
    dilations = [int(d) for d in rng.integers(1, 3, dims)] if dilated else [1] * dims
    pads = [int(rng.integers(0, k)) for k in kernel + kernel]
    if torchs:
        pads = 2 * [min(p, k // 2) for p, k in zip(pads, kernel, strict=False)]
    size = tuple(
        max(1, (k - 1) * d + 1 - p - q) + int(rng.integers(0, 6))
        for k, d, p, q in zip(kernel, dilations, pads[:dims], pads[dims:], strict=True)
    )
    settings: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": [int(s) for s in rng.integers(1, 5, dims)],
        "pads": pads,
        "ceil_mode": bool(rng.integers(2)),
    }
    if dilated:
        settings["dilations"] = dilations
    return (int(rng.integers(1, 3)), int(rng.integers(1, 9)), *size), settings


def far_from_ties(ticks: np.ndarray, error: np.ndarray | float) -> np.ndarray:
    """Where real ticks, each known within `error`, round one way whichever number they are."""
    return np.abs(ticks - np.floor(ticks) - 0.5) > error
