"""A histogram that grows with its data: how often which value occurred, in constant memory.

Bins and growth are those of HistogramCollector in ONNX Runtime's `quantization/calibrate.py`, in
its float32 arithmetic. The first batch decides how wide a bin is; a wider batch adds bins of the
same width. ONNX Runtime sets no limit to that. Here a histogram that would pass GROWTH times its
first number of bins first merges its bins, three into one, until the new range fits: memory stays
bounded, and up to that limit the counts are ONNX Runtime's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

GROWTH = 16
# A range beyond this has bins whose edges leave float32 when it grows.
LARGEST = float(np.finfo(np.float32).max) / 4
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often which value occurred.

    Parameters
    ----------
    counts : int64 array (bins,)
        Values in each bin.
    edges : float32 array (bins + 1,)
        Bin i reaches from edges[i] to edges[i + 1]; the last bin holds its right edge too.
    lo, hi : float32
        Smallest and largest value seen, with their signs.
    threshold : float32
        Largest magnitude the edges were laid for; 0 while only zeros were seen.
    bins : int
        Bins of the first batch.
    """

    counts: np.ndarray
    edges: np.ndarray
    lo: np.float32
    hi: np.float32
    threshold: np.float32
    bins: int


def histogram_of_values(x: np.ndarray, bins: int, before: Histogram | None = None) -> Histogram:
    """Bins over [-threshold, threshold], so that 0 is in the middle (ORT: collect_value).

    Parameters
    ----------
    x : float32 array
        One batch, finite, not empty.
    bins : int
        Number of bins of the first batch.
    before : Histogram, optional
        What the batches before gave.

    Returns
    -------
    Histogram
        Of all batches so far. `before` stays as it is.

    Raises
    ------
    ValueError
        A value is so large that bins around it would leave float32.
    """
    lo, hi = x.min(), x.max()
    threshold = _magnitude(np.maximum(np.abs(lo), np.abs(hi)), bins)
    if before is None:
        counts, edges = _symmetric_counts(x, bins, threshold)
        return Histogram(counts, edges, lo, hi, threshold, bins)
    lo, hi = min(lo, before.lo), max(hi, before.hi)
    old, edges, reach = before.counts, before.edges, before.threshold
    if threshold <= reach:
        counts = old + _symmetric_counts(x, len(old), reach)[0]
        return Histogram(counts, edges, lo, hi, reach, bins)
    if reach == 0:
        counts, edges = _symmetric_counts(x, len(old), threshold)
        return Histogram(counts + old, edges, lo, hi, threshold, bins)
    while len(old) * (float(threshold) / float(reach)) + 2 > GROWTH * bins:
        old, reach = _three_into_one(old, reach)
    stride = 2 * reach / len(old)
    more = int((threshold - reach) // stride + 1)
    reach = more * stride + reach
    counts, edges = _symmetric_counts(x, len(old) + 2 * more, reach)
    counts[more : len(counts) - more] += old
    return Histogram(counts, edges, lo, hi, reach, bins)


def histogram_of_magnitudes(x: np.ndarray, bins: int, before: Histogram | None = None) -> Histogram:
    """Bins over |x|, for symmetric rulers (ORT: collect_absolute_value).

    The first batch's bins begin at its smallest magnitude, and later values below that are not
    counted: so does ONNX Runtime. A first batch whose magnitudes are too close together for that
    many float32 bins, which ONNX Runtime refuses, gets bins from 0.

    Takes, returns and raises what `histogram_of_values` does.
    """
    lo, hi = x.min(), x.max()
    magnitudes = np.absolute(x)
    largest = _magnitude(magnitudes.max(), bins)
    if largest == 0:
        magnitudes = np.zeros_like(magnitudes)
    if before is None:
        try:
            counts, edges = np.histogram(magnitudes, bins=bins)
        except ValueError:  # numpy: so many bins of this dtype do not fit between the two ends
            counts, edges = np.histogram(magnitudes, bins=bins, range=(0.0, float(largest)))
        return Histogram(counts, edges.astype(np.float32), lo, hi, largest, bins)
    old, edges = before.counts, before.edges
    if largest > edges[-1]:
        while len(old) + _bins_missing(edges, largest) > GROWTH * bins:
            old, edges = _three_into_one_from_the_left(old, edges)
        width = edges[1] - edges[0]
        edges = np.hstack((edges, np.arange(edges[-1] + width, largest + width, width)))
    counts, edges = np.histogram(magnitudes, bins=edges)
    counts[: len(old)] += old
    reach = max(largest, before.threshold)
    return Histogram(
        counts, edges.astype(np.float32), min(lo, before.lo), max(hi, before.hi), reach, bins
    )


def _magnitude(largest: np.float32, bins: int) -> np.float32:
    """`largest`, or 0 where the width of a bin would fall below float32's normal numbers."""
    if largest > LARGEST:
        raise ValueError(
            f"batch holds a value of magnitude {largest:g}, but the bins of a histogram stay "
            f"within float32 only up to {LARGEST:.3g}: clip the data, or use MinMaxObserver."
        )
    return largest if largest >= TINY * GROWTH * bins else np.float32(0)


def _symmetric_counts(
    x: np.ndarray, bins: int, threshold: np.float32
) -> tuple[np.ndarray, np.ndarray]:
    if threshold == 0:  # numpy lays bins over [-0.5, 0.5]; numbers too small for bins are zeros
        x = np.zeros_like(x)
    ends: Any = (-threshold, threshold)  # float32 scalars: with Python floats edges move one ulp
    return np.histogram(x, bins, range=ends)


def _bins_missing(edges: np.ndarray, largest: np.float32) -> float:
    return (float(largest) - float(edges[-1])) / (float(edges[1]) - float(edges[0])) + 2


def _three_into_one(counts: np.ndarray, reach: np.float32) -> tuple[np.ndarray, np.float32]:
    """Bins three times as wide. Empty bins on both sides make any number divisible by three and
    keep 0 where it was, in the middle of a bin or between two."""
    side = len(counts) % 3  # n + 2 * (n mod 3) = 3 * (n mod 3) modulo 3 = 0
    merged = np.pad(counts, side).reshape(-1, 3).sum(axis=1)
    return merged, np.float32(reach * ((len(counts) + 2 * side) / len(counts)))


def _three_into_one_from_the_left(
    counts: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    right = -len(counts) % 3
    width = edges[1] - edges[0]
    longer = np.hstack((edges, edges[-1] + width * np.arange(1, right + 1, dtype=np.float32)))
    return np.pad(counts, (0, right)).reshape(-1, 3).sum(axis=1), longer[::3]
