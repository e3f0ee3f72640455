"""The simplest observer: remember the smallest and the largest value seen."""

from typing import Any

import numpy as np

from quantlab.numerics.choose import choose_qparams
from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.qparams import QParams
from quantlab.numerics.validation import channel_axis, finite_float32


class MinMaxObserver:
    """Watches batches go by and lays the ruler over everything it saw.

    Memory is constant: two numbers, or two a channel. The constructor only stores its settings;
    `choose_qparams` says what they mean.

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
    n_values_: int

    def __init__(
        self,
        *,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        self.dtype = dtype
        self.scheme = scheme
        self.narrow = narrow
        self.axis = axis

    def fit(self, batch: Any) -> "MinMaxObserver":
        """Forget what was seen and start with this batch; takes what `partial_fit` takes."""
        for seen in ("lo_", "hi_", "n_values_"):
            vars(self).pop(seen, None)
        return self.partial_fit(batch)

    def partial_fit(self, batch: Any) -> "MinMaxObserver":
        """Take one more batch into account.

        Parameters
        ----------
        batch : float array of any shape
            Finite and not empty. With an axis, every batch has the same number of channels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            The batch is not of a float dtype, is empty or holds NaN or infinity, or its channels
            do not fit. What was seen before stays as it was.
        """
        x = finite_float32(batch, "batch")
        lo, hi = self._ends(x)
        if hasattr(self, "lo_"):
            if np.shape(lo) != np.shape(self.lo_):
                raise ValueError(
                    f"batch has {np.size(lo)} channels along axis {self.axis}, but the batches "
                    f"before it had {np.size(self.lo_)}: use one observer for one tensor."
                )
            lo, hi = np.minimum(lo, self.lo_), np.maximum(hi, self.hi_)
        self.lo_, self.hi_ = lo, hi
        self.n_values_ = getattr(self, "n_values_", 0) + x.size
        return self

    def qparams(self) -> QParams:
        """The ruler over everything seen so far.

        Raises
        ------
        ValueError
            No batch was seen yet, or a setting is unknown.
        """
        if not hasattr(self, "lo_"):
            raise ValueError(
                "the observer has seen no batch, but a range comes from data: "
                "call partial_fit(batch) first."
            )
        return choose_qparams(
            self.lo_,
            self.hi_,
            dtype=self.dtype,
            scheme=self.scheme,
            narrow=self.narrow,
            axis=self.axis,
        )

    def _ends(self, x: np.ndarray) -> tuple[Any, Any]:
        if self.axis is None:
            return x.min(), x.max()
        kept = channel_axis(self.axis, x.ndim, "batch")
        others = tuple(i for i in range(x.ndim) if i != kept)
        return x.min(axis=others), x.max(axis=others)
