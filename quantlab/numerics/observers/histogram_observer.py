"""What the observers that keep a histogram share."""

from abc import abstractmethod
from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.histogram import Histogram, histogram_of_values
from quantlab.numerics.observers.observer import Observer


class HistogramObserver(Observer):
    """Counts values in bins, one histogram a channel, and finds the range from the counts.

    Parameters
    ----------
    bins : int
        Bins the first batch is counted in; a wider batch adds more (see `histogram`).
    dtype, scheme, narrow, axis
        As in `MinMaxObserver`.

    Attributes
    ----------
    histograms_ : tuple of Histogram
        One a channel, or the one of the whole tensor.
    n_values_ : int
        How many values were seen.
    """

    histograms_: tuple[Histogram, ...]

    def __init__(
        self,
        *,
        bins: int = 2048,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype, scheme=scheme, narrow=narrow, axis=axis)
        self.bins = bins

    def _channels_seen(self) -> int | None:
        return len(self.histograms_) if hasattr(self, "histograms_") else None

    def _watch(self, rows: np.ndarray) -> None:
        whole_number(self.bins, "bins", at_least=2)
        before = getattr(self, "histograms_", (None,) * len(rows))
        self.histograms_ = tuple(
            self._count(row, seen) for row, seen in zip(rows, before, strict=True)
        )

    def _count(self, row: np.ndarray, before: Histogram | None) -> Histogram:
        return histogram_of_values(row, self.bins, before)

    def _range(self) -> tuple[Any, Any]:
        ends = np.array([self._range_of(seen) for seen in self.histograms_], dtype=np.float32)
        return self._of_each(ends[:, 0]), self._of_each(ends[:, 1])

    @abstractmethod
    def _range_of(self, seen: Histogram) -> tuple[np.float32, np.float32]:
        """The range of one histogram."""


def within_seen(lo: Any, hi: Any, seen: Histogram) -> tuple[np.float32, np.float32]:
    """Edges of bins moved inwards to the values really seen, as ONNX Runtime does."""
    return (seen.lo if lo < seen.lo else lo), (seen.hi if hi > seen.hi else hi)


def whole_number(value: Any, name: str, at_least: int) -> int:
    """Refuse a setting that is no whole number or too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise ValueError(
            f"{name} is {value!r}, but it is a whole number of at least {at_least}: pass an int."
        )
    return int(value)
