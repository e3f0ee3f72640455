"""Leave out the rarest values: a few outliers no longer decide how fine the ruler is."""

import numpy as np

from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.histogram import (
    Histogram,
    histogram_of_magnitudes,
    histogram_of_values,
)
from quantlab.numerics.observers.histogram_observer import HistogramObserver, within_seen


class PercentileObserver(HistogramObserver):
    """Lays the ruler over the middle `percentile` percent of the values.

    asymmetric
        Bins over the values. Half of the rest is left out at each end.
    symmetric
        Bins over the magnitudes. All of the rest is left out at the large end.

    The range is that of ONNX Runtime's PercentileCalibrater (compute_percentile) with
    symmetric=False and True. Each end is the *left* edge of the bin in which the count passes its
    percentile. When all values fall into one bin, lo can therefore lie above hi by up to one bin;
    0 is then one end of the ruler in `qparams`, as in ONNX Runtime.

    Parameters
    ----------
    percentile : float
        How many percent of the values the range holds, 0 to 100.
    bins, dtype, scheme, narrow, axis
        As in `HistogramObserver`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.append(np.linspace(0, 1, 9999), 50.0)
    >>> observer = PercentileObserver(percentile=99.9).partial_fit(x)
    >>> round(float(observer.range()[1]), 2)  # MinMaxObserver says 50.0
    0.98
    """

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

    def _range_of(self, seen: Histogram) -> tuple[np.float32, np.float32]:
        if not 0 <= self.percentile <= 100:
            raise ValueError(
                f"percentile is {self.percentile}, but it says how many percent of the values to "
                f"keep: choose a number from 0 to 100, for example 99.99."
            )
        reached = np.cumsum(seen.counts / seen.counts.sum())
        if self.scheme == "symmetric":
            hi = seen.edges[np.searchsorted(reached, self.percentile / 100.0)]
            return within_seen(-hi, hi, seen)
        cut = (100.0 - self.percentile) / 200.0
        lo, hi = (seen.edges[np.searchsorted(reached, part)] for part in (cut, 1.0 - cut))
        return within_seen(lo, hi, seen)
