"""Leave out the rarest values: a few outliers no longer decide how fine the ruler is."""

from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.float_counts import FloatCounts, count_floats
from quantlab.numerics.observers.histogram import (
    Histogram,
    histogram_of_magnitudes,
    histogram_of_values,
)
from quantlab.numerics.observers.histogram_observer import HistogramObserver, within_seen

#: A range shorter than bins / LEAST_PART bins is read from FloatCounts. With the default of 2,048
#: bins these are 128: there a bin is as wide as FloatCounts' own are at the end of the range.
LEAST_PART = 16


class PercentileObserver(HistogramObserver):
    """Lays the ruler over the middle `percentile` percent of the values.

    asymmetric
        Bins over the values. Half of the rest is left out at each end.
    symmetric
        Bins over the magnitudes. All of the rest is left out at the large end.

    The range is that of ONNX Runtime's PercentileCalibrater (compute_percentile) with
    symmetric=False and True, as long as its bins are narrow enough. Each end is the *left* edge of
    the bin in which the count passes its percentile. When all values fall into one bin, lo can
    therefore lie above hi by up to one bin; 0 is then one end of the ruler in `qparams`, as in
    ONNX Runtime.

    Bins are as wide as the largest magnitude demands, so an outlier far from all other values,
    one hot pixel at 4,000, leaves these in one bin and ONNX Runtime with a range of nothing. Where
    the range would be shorter than `bins` / 16 of its own bins, or is not numpy's percentile of
    all values to within a bin, its ends come from a second count: float32 numbers by their first
    16 bits (`float_counts`). They are then numpy's percentiles to within 2^-7 of the values next
    to them. How far the outlier lies, on which side, and in which batch does not matter.

    An observer leaves a value out only if it has seen enough: 99.999 leaves out the largest of
    200,000 values (asymmetric) or 100,000 (symmetric), none of fewer.

    Parameters
    ----------
    percentile : float
        How many percent of the values the range holds, 0 to 100.
    bins, dtype, scheme, narrow, axis
        As in `HistogramObserver`.

    Attributes
    ----------
    histograms_, n_values_
        As in `HistogramObserver`.
    counts_ : tuple of FloatCounts
        The second count, one a channel, or the one of the whole tensor.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.append(np.linspace(0, 1, 9999), 50.0)
    >>> observer = PercentileObserver(percentile=99.9).partial_fit(x)
    >>> round(float(observer.range()[1]), 2)  # MinMaxObserver says 50.0
    1.0
    """

    counts_: tuple[FloatCounts, ...]

    def __init__(
        self,
        *,
        percentile: float = 99.999,
        bins: int = 2048,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        super().__init__(bins=bins, dtype=dtype, scheme=scheme, narrow=narrow, axis=axis)
        self.percentile = percentile

    def _count(self, row: np.ndarray, before: Histogram | None) -> Histogram:
        count = histogram_of_magnitudes if self.scheme == "symmetric" else histogram_of_values
        return count(row, self.bins, before)

    def _watch(self, rows: np.ndarray) -> None:
        super()._watch(rows)
        before = getattr(self, "counts_", (None,) * len(rows))
        self.counts_ = tuple(
            count_floats(row, seen) for row, seen in zip(rows, before, strict=True)
        )

    def _range(self) -> tuple[Any, Any]:
        pairs = zip(self.histograms_, self.counts_, strict=True)
        lo, hi = np.array([self._finer_range(*pair) for pair in pairs], dtype=np.float32).T
        return self._of_each(lo), self._of_each(hi)

    def _finer_range(self, seen: Histogram, counts: FloatCounts) -> tuple[Any, Any]:
        """The histogram's range, or that of the counts where its bins are too wide for one."""
        lo, hi = self._range_of(seen)
        if self.scheme == "symmetric":
            ends, found = [counts.magnitudes().percentile(self.percentile / 100.0)], [max(-lo, hi)]
        else:
            cut = (100.0 - self.percentile) / 200.0
            ends, found = [counts.percentile(part) for part in (cut, 1.0 - cut)], [lo, hi]
        width, near = float(seen.edges[-1] - seen.edges[-2]), [nearest for _, nearest, _ in ends]
        length = max(*near, 0.0) - min(*near, 0.0)
        right = all(
            low - width <= value <= high for value, (low, _, high) in zip(found, ends, strict=True)
        )
        if right and (length == 0 or length >= self.bins / LEAST_PART * width):
            return lo, hi
        return within_seen(-near[0] if self.scheme == "symmetric" else near[0], near[-1], seen)

    def _range_of(self, seen: Histogram) -> tuple[Any, Any]:
        return percentile_of_histogram(seen, self.percentile, self.scheme == "symmetric")


def percentile_of_histogram(seen: Histogram, percentile: float, symmetric: bool) -> tuple[Any, Any]:
    """The range that ONNX Runtime reads off a histogram, of values or (symmetric) of magnitudes.

    Raises
    ------
    ValueError
        percentile is not from 0 to 100.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(
            f"percentile is {percentile}, but it says how many percent of the values to "
            f"keep: choose a number from 0 to 100, for example 99.99."
        )
    reached = np.cumsum(seen.counts / seen.counts.sum())
    if symmetric:
        hi = seen.edges[np.searchsorted(reached, percentile / 100.0)]
        return within_seen(-hi, hi, seen)
    cut = (100.0 - percentile) / 200.0
    lo, hi = (seen.edges[np.searchsorted(reached, part)] for part in (cut, 1.0 - cut))
    return within_seen(lo, hi, seen)
