"""What every clip threshold costs a tensor: rounding and clipping, for several bit widths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from quantlab.lessons.lesson_04.material.activations import activations_of, preprocessing_of
from quantlab.scenes import Calibration, crops

BITS = (2, 3, 4, 6, 8)
#: Thresholds, in percent of the largest value.
PERCENT = tuple(range(2, 101))
LAYER = "stages.1.relu"
SOME = 20_000
BINS = 80


@dataclass(frozen=True, eq=False)
class ClipCurve:
    """A tensor from 0 to `largest`, and what a ruler over a part of that range costs.

    Attributes
    ----------
    largest : float
    counts : int array (80,)
        A histogram over [0, largest].
    clipping : float array (thresholds,)
        Mean squared error of the values beyond the threshold, as if the others were exact.
    total : mapping from bits to float array (thresholds,)
        Mean squared error of the round trip.
    beyond : float array (thresholds,)
        Share of the values beyond the threshold, 0 to 1.
    """

    largest: float
    counts: np.ndarray
    clipping: np.ndarray
    total: dict[int, np.ndarray]
    beyond: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> ClipCurve:
        """The curves of values of 0 or more."""
        x = values.astype(np.float64)
        largest = float(x.max())
        counts = np.histogram(x, bins=BINS, range=(0.0, largest))[0]
        some = np.append(x[:: max(1, len(x) // SOME)], largest)
        ends = [largest * percent / 100 for percent in PERCENT]
        clipping = np.array([np.mean(np.maximum(some - end, 0.0) ** 2) for end in ends])
        total = {bits: np.array([_cost(some, end, bits) for end in ends]) for bits in BITS}
        beyond = np.array([np.mean(some > end) for end in ends])
        return cls(largest, counts, clipping, total, beyond)


def _cost(x: np.ndarray, end: float, bits: int) -> float:
    scale = end / (2**bits - 1)
    return float(np.mean((np.clip(np.rint(x / scale), 0, 2**bits - 1) * scale - x) ** 2))


@lru_cache(maxsize=1)
def classifier_curve() -> ClipCurve:
    """The curves of one activation of the shipped classifier, on 20 calibration crops."""
    batches = crops(Calibration, 2).batches(preprocessing_of("classifier"))
    return ClipCurve.of(activations_of("classifier", batches, LAYER))
