"""The error of one quantized tensor against its float reference, summed up batch by batch.

The unit is the LSB: one step of the tensor's own ruler. Correct rounding of an exact result is off
by at most half of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, log10, sqrt
from typing import Any

import numpy as np

from quantlab.numerics import QParams

#: Ends of the histogram's bins in LSB, a quarter of one apart; what lies beyond falls in the last.
EDGES = np.linspace(-8, 8, 65)


@dataclass(frozen=True)
class TensorError:
    """How far the integers of a tensor are from the float reference.

    values : int
        How many were compared.
    sqnr_db : float
        Signal to quantization noise: 10 log10(sum ref^2 / sum error^2); infinite without error.
    max_lsb : float
        The largest absolute error.
    rms_lsb : float
        Root of the mean squared error; rounding alone gives 1 / sqrt(12), about 0.29.
    mean_lsb : float
        The mean error: a bias that later layers add up instead of averaging away.
    counts : tuple of int
        Histogram of the errors between EDGES.
    """

    values: int
    sqnr_db: float
    max_lsb: float
    rms_lsb: float
    mean_lsb: float
    counts: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an infinite SQNR becomes None."""
        return {**vars(self), "sqnr_db": finite_or_none(self.sqnr_db), "counts": list(self.counts)}


class ErrorSums:
    """Adds up the errors of one tensor over batches, in constant memory.

    Parameters
    ----------
    qparams : QParams, per-tensor
        The ruler of the tensor.
    """

    def __init__(self, qparams: QParams) -> None:
        self.qparams = qparams
        self.values = 0
        self.largest = 0.0
        self.error = self.squared = self.signal = 0.0
        self.counts = np.zeros(len(EDGES) - 1, np.int64)

    def add(self, real: np.ndarray, reference: np.ndarray) -> None:
        """Take one more batch: dequantized float32 values and their reference, of one shape."""
        scale = float(self.qparams.scale)
        expected = reference.astype(np.float64)
        lsb = (real - expected) / scale
        self.values += lsb.size
        self.largest = max(self.largest, float(np.abs(lsb).max()))
        self.error += float(lsb.sum())
        self.squared += float(np.square(lsb).sum())
        self.signal += float(np.square(expected / scale).sum())
        self.counts += np.histogram(np.clip(lsb, EDGES[0], EDGES[-1]), EDGES)[0]

    def result(self) -> TensorError:
        """The figures of what was added, at least one value."""
        return TensorError(
            values=self.values,
            sqnr_db=decibels(self.signal, self.squared),
            max_lsb=self.largest,
            rms_lsb=float(np.sqrt(self.squared / self.values)),
            mean_lsb=self.error / self.values,
            counts=tuple(self.counts.tolist()),
        )


class NoiseSums:
    """Adds up signal and noise of float arrays over batches, in constant memory."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0

    def add(self, real: np.ndarray, reference: np.ndarray) -> None:
        """Take one more batch: values and their reference, of one shape."""
        expected = np.asarray(reference, dtype=np.float64)
        self.signal += float(np.square(expected).sum())
        self.noise += float(np.square(real - expected).sum())

    @property
    def sqnr_db(self) -> float:
        """10 log10(signal / noise)."""
        return decibels(self.signal, self.noise)

    @property
    def relative_error(self) -> float:
        """Root mean square of the error over that of the reference: 0.1 where SQNR is 20 dB."""
        if self.noise == 0:
            return 0.0
        return sqrt(self.noise / self.signal) if self.signal > 0 else inf


def sqnr(real: np.ndarray, reference: np.ndarray) -> float:
    """Signal to quantization noise of two float arrays of one shape, in dB.

    Examples
    --------
    >>> round(sqnr(np.array([1.1, 1.9]), np.array([1.0, 2.0])), 2)
    23.98
    """
    sums = NoiseSums()
    sums.add(real, reference)
    return sums.sqnr_db


def decibels(signal: float, noise: float) -> float:
    """10 log10(signal / noise): infinite without noise, minus infinite without signal."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf


def finite_or_none(value: float) -> float | None:
    """JSON has no infinity."""
    return None if isinf(value) else value


def clipped_share(reference: np.ndarray, qparams: QParams) -> float:
    """Share of values more than half a step beyond the ends of a per-tensor ruler, 0 to 1."""
    half = np.float32(qparams.scale) / 2
    beyond = (reference < qparams.lo - half) | (reference > qparams.hi + half)
    return float(beyond.mean())
