"""What the exercises of lesson 1 share: drawn cases that stay clear of ties, and a few words."""

from __future__ import annotations

from typing import Any

import numpy as np

#: From scratch means plain arithmetic and numpy: not the library, nor the operators of other
#: libraries that do the whole job.
FROM_SCRATCH = (
    "quantlab",
    "onnx",
    "onnxruntime",
    "torch.ao",
    "torch.quantize_per_tensor",
    "torch.fake_quantize_per_tensor_affine",
)


def float32(value: float) -> float:
    """A Python float that float32 holds exactly: the same scale in every arithmetic."""
    return float(np.float32(value))


def distance_to_tie(steps: float) -> float:
    """How far a number of steps is from the nearest n + 1/2, where rounding turns over."""
    return abs(abs(steps) % 1.0 - 0.5)


def drawn_range(
    rng: np.random.Generator, low: float, high: float, *, below: bool = False
) -> tuple[float, float]:
    """A range of two-decimal ends: lo in -[low, high] when `below`, else 0 is its lower neighbour.

    Only ranges whose zero_point is at least 0.05 ticks from a tie: in float32 `-lo / scale` may be
    off by 4 roundings of 2^-24 each on at most 255, which is 0.00006 ticks.
    """
    while True:
        hi = round(float(rng.uniform(low, high)), 2)
        lo = -round(float(rng.uniform(low, high)), 2) if below else 0.0
        if distance_to_tie(-lo * 255 / (hi - lo)) > 0.05:
            return lo, hi


def drawn_ruler(rng: np.random.Generator) -> tuple[float, int]:
    """A UINT8 ruler for activations: a scale that float32 holds, a zero_point off both ends."""
    return float32(rng.uniform(0.004, 0.09)), int(rng.integers(30, 120))


def values_near_ticks(
    rng: np.random.Generator, q: np.ndarray, scale: float, zero_point: int
) -> np.ndarray:
    """float32 numbers that lie 0.1 to 0.4 of a step beside the ticks `q`, on either side.

    0.1 of a step away from the tie (and from the tick) is far more than the 2^-24 * 300 = 0.00002
    steps that a float32 division may be off.
    """
    beside = rng.uniform(0.1, 0.4, q.shape) * rng.choice([-1.0, 1.0], q.shape)
    return np.asarray((q - zero_point + beside) * scale, dtype=np.float32)


def as_numbers(got: Any, count: int) -> tuple[float, ...] | None:
    """The `count` numbers that a learner returned as floats, or None when it is something else."""
    parts = got if count > 1 else (got,)
    if type(parts) is np.ndarray and parts.ndim == 1:
        parts = tuple(parts)
    if type(parts) not in (tuple, list) or len(parts) != count:
        return None
    numbers = (int, float, np.ndarray, np.float64, np.float32)
    if any(
        type(p) not in numbers or np.ndim(p) or np.asarray(p).dtype.kind not in "iuf" for p in parts
    ):
        return None
    return tuple(float(np.asarray(p).item()) for p in parts)


def number(value: float) -> str:
    """Four significant digits and a true minus sign, for a sentence."""
    return f"{value:.4g}".replace("-", "−")
