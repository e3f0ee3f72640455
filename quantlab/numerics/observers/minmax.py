"""The simplest observer: remember the smallest and the largest value seen."""

from typing import Any

import numpy as np

from quantlab.numerics.observers.observer import Observer


class MinMaxObserver(Observer):
    """Watches batches go by and lays the ruler over everything it saw.

    Memory is constant: two numbers, or two a channel. The range is that of ONNX Runtime's
    MinMaxCalibrater.

    Parameters
    ----------
    dtype, scheme, narrow
        As in `choose_qparams`.
    axis : int, optional
        Channel axis of every batch; None watches the tensor as a whole.

    Attributes
    ----------
    lo_, hi_ : float32 scalar, or 1-D float32 array with one entry a channel
        Smallest and largest value so far; they exist after the first batch.
    n_values_ : int
        How many values were seen.

    Examples
    --------
    >>> observer = MinMaxObserver()
    >>> observer.partial_fit([-0.9, 0.3]).partial_fit([2.0, 5.0]).qparams()
    QParams(scale=0.02313725, zero_point=39, dtype='uint8')
    """

    lo_: Any
    hi_: Any

    def _channels_seen(self) -> int | None:
        return np.size(self.lo_) if hasattr(self, "lo_") else None

    def _watch(self, rows: np.ndarray) -> None:
        lo, hi = self._of_each(rows.min(axis=1)), self._of_each(rows.max(axis=1))
        if hasattr(self, "lo_"):
            lo, hi = self._merge(lo, hi)
        self.lo_, self.hi_ = lo, hi

    def _merge(self, lo: Any, hi: Any) -> tuple[Any, Any]:
        return np.minimum(lo, self.lo_), np.maximum(hi, self.hi_)

    def _range(self) -> tuple[Any, Any]:
        return self.lo_, self.hi_
