"""Clip where the quantized distribution resembles the true one best (Kullback-Leibler)."""

from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.histogram import Histogram
from quantlab.numerics.observers.histogram_observer import (
    HistogramObserver,
    whole_number,
    within_seen,
)

# What an empty bin is given, so that every ratio of two distributions exists.
EPSILON = 0.0001
# Ranges are prepared together up to this many levels of all of them: a few MB.
NUMBERS_AT_ONCE = 2**18


class EntropyObserver(HistogramObserver):
    """Lays the ruler over the range that loses the least information.

    Every range that is symmetric around 0 is tried, from `quantized_bins` bins to all of them. The
    reference is the clipped histogram with the outliers put into its end bins; the candidate is the
    same histogram merged into `quantized_bins` levels and spread out again. The range with the
    smallest Kullback-Leibler divergence wins (Migacz, 8-bit Inference with TensorRT, GTC 2017).

    The range is that of ONNX Runtime's EntropyCalibrater (get_entropy_threshold), its float32
    rounding included. ONNX Runtime's own default is 128 bins for 128 levels, which leaves one
    range to try; the defaults here are 2,048 bins for 128 levels.

    Parameters
    ----------
    quantized_bins : int
        Levels of the candidate, from 2 to `bins`.
    bins, dtype, scheme, narrow, axis
        As in `HistogramObserver`. The search takes tens of milliseconds a channel.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.append(np.random.default_rng(0).normal(size=20_000), 40.0)
    >>> lo, hi = EntropyObserver().partial_fit(x).range()
    >>> bool(hi < 10)  # MinMaxObserver says 40.0
    True
    """

    def __init__(
        self,
        *,
        quantized_bins: int = 128,
        bins: int = 2048,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        super().__init__(bins=bins, dtype=dtype, scheme=scheme, narrow=narrow, axis=axis)
        self.quantized_bins = quantized_bins

    def _range_of(self, seen: Histogram) -> tuple[np.float32, np.float32]:
        return entropy_threshold(seen, self.quantized_bins)


def entropy_threshold(seen: Histogram, quantized_bins: int = 128) -> tuple[Any, Any]:
    """The range of `seen` with the smallest divergence; the first, narrowest one in a tie.

    Parameters
    ----------
    seen : Histogram
        With 0 in its middle, as `histogram_of_values` makes it.
    quantized_bins : int
        Levels of the candidate, from 2 to the number of bins.

    Returns
    -------
    lo, hi : float32

    Raises
    ------
    ValueError
        quantized_bins is no whole number, below 2 or above the number of bins.
    """
    bins = len(seen.counts)
    levels = whole_number(quantized_bins, "quantized_bins", at_least=2)
    if levels > bins:
        raise ValueError(
            f"quantized_bins is {levels}, but the histogram has {bins} bins to merge into them: "
            f"choose fewer levels or more bins."
        )
    middle = bins // 2
    halves = np.arange(levels // 2, middle + 1)
    starts, ends = middle - halves, np.minimum(middle + halves + 1, bins)
    at_once = max(1, NUMBERS_AT_ONCE // (levels + 1))
    divergences = np.concatenate(
        [
            _divergences(seen.counts, starts[i : i + at_once], ends[i : i + at_once], levels)
            for i in range(0, len(starts), at_once)
        ]
    )
    best = int(np.argmin(divergences))
    return within_seen(seen.edges[starts[best]], seen.edges[ends[best]], seen)


def _divergences(
    counts: np.ndarray, starts: np.ndarray, ends: np.ndarray, levels: int
) -> np.ndarray:
    """Kullback-Leibler divergence of each range of bins from its `levels` levels.

    Integer sums come from running sums, for all ranges together. From the smoothing on every
    operation is the one ONNX Runtime does, in float32 and in its order, a range at a time: the
    smallest of many nearly equal sums is otherwise another one.
    """
    below = np.concatenate(([0], np.cumsum(counts)))  # below[i]: values in the bins before i
    firsts = counts[starts] + below[starts]  # outliers go into the end bins of the reference
    lasts = counts[ends - 1] + below[-1] - below[ends]
    sizes = ends - starts
    level, filled_levels = _levels(counts, below, starts, ends, firsts, lasts, levels)
    filled = np.concatenate(([0], np.cumsum(counts != 0)))
    filled_reference = filled[ends] - filled[starts]
    filled_reference += (counts[starts] == 0) & (firsts != 0)
    filled_reference += (counts[ends - 1] == 0) & (lasts != 0)
    from_p, from_q = _taken(filled_reference, sizes), _taken(filled_levels, sizes)
    firsts32, lasts32 = _smooth(firsts, from_p), _smooth(lasts, from_p)
    spread = _smooth(level, from_q[:, None])
    counts32, empty = counts.astype(np.float32), counts == 0
    result = np.full(len(starts), np.inf)
    for k in np.flatnonzero((from_p < 1) & (from_q < 1)):
        start, end = starts[k], ends[k]
        p = counts32[start:end] - np.float32(from_p[k])
        np.copyto(p, EPSILON, where=empty[start:end])
        p[0], p[-1] = firsts32[k], lasts32[k]
        q = np.full(end - start, EPSILON, dtype=np.float32)  # bins left over have no level
        merged = len(q) // levels
        q[: merged * levels] = spread[k].repeat(merged)
        p /= np.add.reduce(p)
        q /= np.add.reduce(q)
        np.divide(p, q, out=q)
        np.log(q, out=q)
        q *= p
        result[k] = np.add.reduce(q)
    return result


def _smooth(values: np.ndarray, taken: np.ndarray) -> np.ndarray:
    return np.where(
        values == 0, np.float32(EPSILON), values.astype(np.float32) - taken.astype(np.float32)
    )


def _levels(
    counts: np.ndarray,
    below: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    firsts: np.ndarray,
    lasts: np.ndarray,
    levels: int,
) -> tuple[np.ndarray, np.ndarray]:
    """What each level gives to each of its bins, (ranges, levels), and how many bins get some."""
    merged = (ends - starts) // levels
    cuts = starts[:, None] + merged[:, None] * np.arange(levels + 1)
    inside = np.diff(below[cuts], axis=1)
    inside[:, -1] += below[ends] - below[cuts[:, -1]]  # the last level takes the bins left over
    filled = np.diff(np.concatenate(([0], np.cumsum(counts != 0)))[cuts], axis=1)
    # An end bin that only outliers fill is filled in the reference, though empty in counts.
    filled[:, 0] += (counts[starts] == 0) & (firsts != 0)
    filled[:, -1] += (cuts[:, -1] == ends) & (counts[ends - 1] == 0) & (lasts != 0)
    # ONNX Runtime stores the quotient in an integer array: it is cut, not rounded.
    level = np.where(filled > 0, inside // np.maximum(filled, 1), 0)
    return level, merged * np.count_nonzero(level, axis=1)


def _taken(filled: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What smoothing takes off each filled bin, to give EPSILON to the empty ones.

    From 1 on nothing can be taken: all bins are empty, where ONNX Runtime says infinity too, or so
    many that a filled bin may not survive, where it stops with an AssertionError.
    """
    share = EPSILON * (sizes - filled).astype(np.float64)
    return np.divide(share, filled, out=np.full(len(sizes), np.inf), where=filled > 0)
