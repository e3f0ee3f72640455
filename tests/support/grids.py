"""Test vectors for a ruler: every tick, every tie, their neighbours, and numbers off its ends."""

from collections.abc import Iterator

import numpy as np

from quantlab.numerics import QParams, integer_type

# Powers of two divide exactly; the others do not. 0.00214854861 is fbgemm's own example of
# multiplying by a reciprocal going wrong. The last two sit near the ends of float32.
SCALES = (1.0, 0.25, 0.1, 5.9 / 255, 1 / 3, 0.00214854861, 3e-3, 17.0, 1.2e-38, 2.5e33)


def zero_points(dtype: str) -> list[int]:
    """Both ends, an even and an odd one near the middle, and one of no special place."""
    kind = integer_type(dtype)
    middle = (kind.qmin + kind.qmax + 1) // 2
    found = (kind.qmin, middle, middle - 1, kind.qmin + (kind.qmax - kind.qmin) // 6, kind.qmax)
    return list(dict.fromkeys(found))


def fixed_rulers(dtype: str) -> list[QParams]:
    """Every zero_point with the first scale, then every other scale with one of them in turn."""
    points = zero_points(dtype)
    rulers = [QParams(SCALES[0], z, dtype) for z in points]
    for i, scale in enumerate(SCALES[1:]):
        rulers.append(QParams(scale, points[i % len(points)], dtype))
    return rulers


def random_ruler(dtype: str, rng: np.random.Generator) -> QParams:
    """A scale from all magnitudes of float32 that leave the ends finite, any zero_point."""
    kind = integer_type(dtype)
    scale = np.float32(10 ** rng.uniform(-37, 33))
    return QParams(scale, int(rng.integers(kind.qmin, kind.qmax + 1)), dtype)


def vectors(qparams: QParams, rng: np.random.Generator, extra: int = 1000) -> np.ndarray:
    """float32 values of a per-tensor ruler.

    Every tick k * scale and every tie (k + 0.5) * scale from three steps below the lowest tick to
    three above the highest, the float32 neighbours of each on both sides, and `extra` random values
    over one and a half times the range.
    """
    scale, z = np.float64(qparams.scale), int(qparams.zero_point)
    # Twice the number of steps: even entries are ticks, odd ones are ties.
    halves = np.arange(2 * (qparams.qmin - z - 3), 2 * (qparams.qmax - z + 3) + 1)
    at = (halves * (scale / 2)).astype(np.float32)
    spread = rng.uniform(-1.5, 1.5, extra) * (qparams.qmax - qparams.qmin) * scale
    infinity = np.float32(np.inf)
    return np.concatenate(
        [at, np.nextafter(at, infinity), np.nextafter(at, -infinity), spread.astype(np.float32)]
    )


def integers(qparams: QParams) -> np.ndarray:
    """Every integer of the type, once."""
    return np.arange(qparams.qmin, qparams.qmax + 1).astype(qparams.storage)


def per_channel_cases(dtype: str, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, QParams]]:
    """Small tensors of 1 to 4 dimensions with rulers along every axis, counted both ways.

    Half of the values are ties of their own channel's ruler, the others lie anywhere.
    """
    kind = integer_type(dtype)
    for shape in ((5,), (3, 4), (2, 3, 5), (2, 4, 3, 3)):
        for axis in range(-len(shape), len(shape)):
            n = shape[axis]
            scales = (10 ** rng.uniform(-4, 2, n)).astype(np.float32)
            points = rng.integers(kind.qmin, kind.qmax + 1, n)
            aligned = [1] * len(shape)
            aligned[axis] = n
            steps = rng.integers(kind.qmin, kind.qmax + 1, shape) - points.reshape(aligned)
            off = np.where(rng.random(shape) < 0.5, 0.5, rng.uniform(-2, 2, shape))
            x = (steps + off) * scales.astype(np.float64).reshape(aligned)
            yield x.astype(np.float32), QParams(scales, points, dtype, axis=axis)
