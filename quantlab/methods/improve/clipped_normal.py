"""The mean of a normal value after a ReLU or a clip."""

from typing import Any

import numpy as np
import torch


def clipped_normal_mean(mean: Any, std: Any, low: float, high: float) -> np.ndarray:
    """`E[clip(x, low, high)]` of x ~ N(mean, std^2); a ReLU is low 0 and high infinity.

    With a = (low - mean) / std and b = (high - mean) / std:
    `low * P(a) + high * (1 - P(b)) + mean * (P(b) - P(a)) + std * (p(a) - p(b))`, where p is the
    standard normal density and P its integral. (Nagel et al. 2019, appendix C.)

    Parameters
    ----------
    mean, std : float arrays of one shape
        std is 0 or more; 0 is a constant.
    low, high : float
        low < high, each may be infinite.

    Returns
    -------
    float64 array of that shape

    Examples
    --------
    >>> clipped_normal_mean([0.0, 3.0], [1.0, 0.0], 0.0, np.inf).round(6)  # 1 / sqrt(2 pi), 3
    array([0.398942, 3.      ])
    """
    mean, std = np.asarray(mean, dtype=np.float64), np.asarray(std, dtype=np.float64)
    spread = np.where(std > 0, std, 1.0)
    below, above = (low - mean) / spread, (high - mean) / spread
    result = mean * _between(below, above) + spread * (_density(below) - _density(above))
    # At an infinite end nothing is clipped, and infinity times probability 0 is no number.
    if np.isfinite(low):
        result = result + low * _integral(below)
    if np.isfinite(high):
        result = result + high * _integral(-above)
    return np.where(std > 0, result, np.clip(mean, low, high))


def _integral(x: np.ndarray) -> np.ndarray:
    # By erfc: 1 + erf would lose all digits far below 0.
    return torch.special.erfc(torch.as_tensor(-x / np.sqrt(2))).numpy() / 2


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # On the side where both integrals are small: 1 - tiny would lose the digits of tiny.
    turned = a > 0
    return _integral(np.where(turned, -a, b)) - _integral(np.where(turned, -b, a))


def _density(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)
