"""The ends of the range follow the batches slowly: one odd batch cannot stretch the ruler."""

from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.minmax import MinMaxObserver


class MovingAverageObserver(MinMaxObserver):
    """Averages the smallest and the largest value of each batch, newer batches more.

    The first batch sets both ends. Every further one moves each end a part of the way to its own:
    `lo += averaging_constant * (batch.min() - lo)`. Same arithmetic, in float32, as ONNX Runtime's
    MinMaxCalibrater with moving_average=True that is given one batch a call, and as torch's
    MovingAverageMinMaxObserver. The order of the batches matters.

    Parameters
    ----------
    averaging_constant : float
        From 0 (the first batch stays) to 1 (the last batch counts).
    dtype, scheme, narrow, axis
        As in `MinMaxObserver`.

    Attributes
    ----------
    lo_, hi_ : float32 scalar, or 1-D float32 array with one entry a channel
        The averaged ends so far.
    n_values_ : int
        How many values were seen.

    Examples
    --------
    >>> observer = MovingAverageObserver(averaging_constant=0.1)
    >>> lo, hi = observer.partial_fit([-1.0, 1.0]).partial_fit([-1.0, 11.0]).range()
    >>> float(lo), float(hi)
    (-1.0, 2.0)
    """

    def __init__(
        self,
        *,
        averaging_constant: float = 0.01,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype, scheme=scheme, narrow=narrow, axis=axis)
        self.averaging_constant = averaging_constant

    def _watch(self, rows: np.ndarray) -> None:
        if not 0 <= self.averaging_constant <= 1:
            raise ValueError(
                f"averaging_constant is {self.averaging_constant}, but it is the part of the way "
                f"an end moves with each batch: choose a number from 0 to 1, for example 0.01."
            )
        super()._watch(rows)

    def _merge(self, lo: Any, hi: Any) -> tuple[Any, Any]:
        return self._towards(self.lo_, lo), self._towards(self.hi_, hi)

    def _towards(self, old: Any, new: Any) -> Any:
        part = float(self.averaging_constant)
        with np.errstate(over="ignore", invalid="ignore"):
            moved = old + part * (new - old)
        # new - old can leave float32 although both are in it; the average itself cannot.
        wide = np.float64(old) + part * (np.float64(new) - np.float64(old))
        return np.where(np.isfinite(moved), moved, np.float32(wide))[()]
