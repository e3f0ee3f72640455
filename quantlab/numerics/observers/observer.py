"""What all observers share: settings, the checks on a batch, and the last step to a ruler."""

from abc import ABC, abstractmethod
from inspect import signature
from typing import Any, Self

import numpy as np

from quantlab.numerics.choose import choose_qparams
from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.qparams import QParams
from quantlab.numerics.validation import channel_axis, finite_float32


class Observer(ABC):
    """Watches batches go by in constant memory and answers with a ruler.

    The constructor only stores its settings. What was learned from data ends in an underscore, as
    in scikit-learn, and exists after the first batch.

    Parameters
    ----------
    dtype, scheme, narrow
        As in `choose_qparams`.
    axis : int, optional
        Channel axis of every batch; None watches the tensor as a whole.

    Attributes
    ----------
    n_values_ : int
        How many values were seen.

    Examples
    --------
    >>> from quantlab.numerics import PercentileObserver
    >>> PercentileObserver(percentile=99.9, axis=0)
    PercentileObserver(percentile=99.9, axis=0)
    """

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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name, as the constructor takes them.

        `type(observer)(**observer.get_params())` is an observer of the same settings that has seen
        nothing; scikit-learn's `clone` makes it so. No setting holds another observer, so `deep`,
        which scikit-learn passes, changes nothing.
        """
        return {name: getattr(self, name) for name in signature(type(self)).parameters}

    def __repr__(self) -> str:
        """The settings that differ from their defaults, as scikit-learn shows them."""
        defaults = {name: entry.default for name, entry in signature(type(self)).parameters.items()}
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name])
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def fit(self, batch: Any) -> Self:
        """Forget what was seen and start with this batch; takes what `partial_fit` takes."""
        for learned in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, learned)
        return self.partial_fit(batch)

    def partial_fit(self, batch: Any) -> Self:
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
        rows = self._rows(finite_float32(batch, "batch"))
        before = self._channels_seen()
        if before is not None and len(rows) != before:
            raise ValueError(
                f"batch has {len(rows)} channels along axis {self.axis}, but the batches "
                f"before it had {before}: use one observer for one tensor."
            )
        self._watch(rows)
        self.n_values_ = getattr(self, "n_values_", 0) + rows.size
        return self

    def range(self) -> tuple[Any, Any]:
        """The range [lo, hi] the ruler is laid over, before it is made to contain 0.

        Returns
        -------
        lo, hi : float32 scalars, or 1-D float32 arrays with one entry a channel

        Raises
        ------
        ValueError
            No batch was seen yet, or a setting does not fit.
        """
        if self._channels_seen() is None:
            raise ValueError(
                "the observer has seen no batch, but a range comes from data: "
                "call partial_fit(batch) first."
            )
        return self._range()

    def qparams(self) -> QParams:
        """The ruler over `range()`.

        Raises
        ------
        ValueError
            No batch was seen yet, or a setting is unknown.
        """
        lo, hi = self.range()
        # choose_qparams moves the ends to 0 too, but only of a range that runs upwards. A
        # percentile of data that all fall into one bin may not: see PercentileObserver.
        return choose_qparams(
            np.minimum(lo, np.float32(0)),
            np.maximum(hi, np.float32(0)),
            dtype=self.dtype,
            scheme=self.scheme,
            narrow=self.narrow,
            axis=self.axis,
        )

    def _rows(self, x: np.ndarray) -> np.ndarray:
        """The batch as (channels, values a channel); a whole tensor is one row."""
        if self.axis is None:
            return x.reshape(1, -1)
        kept = channel_axis(self.axis, x.ndim, "batch")
        return np.moveaxis(x, kept, 0).reshape(x.shape[kept], -1)

    def _of_each(self, values: np.ndarray) -> Any:
        """One entry a channel, or the scalar of a whole tensor."""
        return values[0] if self.axis is None else values

    @abstractmethod
    def _channels_seen(self) -> int | None:
        """Channels of the batches before (1 for a whole tensor), None before the first."""

    @abstractmethod
    def _watch(self, rows: np.ndarray) -> None:
        """Learn from a checked batch, (channels, values)."""

    @abstractmethod
    def _range(self) -> tuple[Any, Any]:
        """`range()` once a batch was seen."""
