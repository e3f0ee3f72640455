"""What the exercises of lesson 04 share: drawn activations, round trips, words."""

from __future__ import annotations

import numpy as np

#: From scratch means plain arithmetic, numpy and torch: not an observer that somebody else wrote.
FROM_SCRATCH = (
    "quantlab",
    "onnxruntime",
    "torch.ao",
    "torch.quantize_per_tensor",
    "torch.fake_quantize_per_tensor_affine",
)


def after_relu(rng: np.random.Generator, shape: tuple[int, ...], reach: float) -> np.ndarray:
    """float32 values as a ReLU gives them: many zeros, many small ones, `reach` the largest."""
    values = np.maximum(rng.normal(0.0, 1.0, shape), 0.0).astype(np.float32)
    values.flat[int(rng.integers(values.size))] = reach
    return values


def round_trip(x: np.ndarray, hi: float, steps: float) -> np.ndarray:
    """To the nearest of `steps` + 1 ticks from 0 to hi, and back."""
    scale = hi / steps
    return np.asarray(np.clip(np.rint(x.astype(np.float64) / scale), 0, steps) * scale)


def number(value: float) -> str:
    """Four significant digits and a true minus sign, for a sentence."""
    return f"{value:.4g}".replace("-", "−")
