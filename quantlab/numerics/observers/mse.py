"""Clip where the squared round-trip error is smallest: rounding error traded for clipping error."""

import numpy as np

from quantlab.numerics.choose import choose_qparams
from quantlab.numerics.dtypes import IntegerType
from quantlab.numerics.observers.histogram import Histogram
from quantlab.numerics.observers.histogram_observer import HistogramObserver, whole_number
from quantlab.numerics.quantize import fake_quantize

ROUNDS = 2


class MSEObserver(HistogramObserver):
    """Lays the ruler over the range with the smallest mean squared round-trip error.

    A bin's values are taken to lie in its middle (or at the smallest or largest value seen, where
    that is nearer to them). A range is judged by `fake_quantize` over these with the observer's own
    dtype, scheme and narrow: the values it clips count with their full error.

    The search: each end is one of `steps` + 1 equally spaced points from 0 to the end of the range
    seen, and every pair is tried (symmetric: every magnitude). A second round does the same between
    the neighbours of the best point. So an end is found to 2 / steps^2 of its full length (0.0008
    with 50 steps), the best of its grid for certain, the best of all ranges as far as the error
    has no second valley narrower than a step. The widest of equally good ranges wins.

    Parameters
    ----------
    steps : int
        Intervals an end is divided into in each round, 2 or more. Time grows with its square.
    bins, dtype, scheme, narrow, axis
        As in `HistogramObserver`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.append(np.random.default_rng(0).normal(size=20_000), 40.0)
    >>> lo, hi = MSEObserver(dtype="int4", scheme="symmetric", bins=4096).partial_fit(x).range()
    >>> bool(hi < 40)  # MinMaxObserver says 40.0
    True
    """

    def __init__(
        self,
        *,
        steps: int = 50,
        bins: int = 2048,
        dtype: str | IntegerType = "uint8",
        scheme: str = "asymmetric",
        narrow: bool = False,
        axis: int | None = None,
    ) -> None:
        super().__init__(bins=bins, dtype=dtype, scheme=scheme, narrow=narrow, axis=axis)
        self.steps = steps

    def _range_of(self, seen: Histogram) -> tuple[np.float32, np.float32]:
        steps = whole_number(self.steps, "steps", at_least=2)
        values, counts = middles(seen)
        symmetric = self.scheme == "symmetric"
        below = 0.0 if symmetric else min(float(seen.lo), 0.0)
        above = max(-float(seen.lo), float(seen.hi)) if symmetric else max(float(seen.hi), 0.0)
        los, his = _points(below, 0.0, steps), _points(above, 0.0, steps)
        smallest, lo, hi = np.inf, below, above
        for _ in range(ROUNDS):
            errors = np.array([self._errors(values, counts, end, his) for end in los])
            at_lo, at_hi = np.unravel_index(int(np.argmin(errors)), errors.shape)
            if errors[at_lo, at_hi] < smallest:
                smallest, lo, hi = errors[at_lo, at_hi], los[at_lo], his[at_hi]
            los = _between_neighbours(los, int(at_lo), steps)
            his = _between_neighbours(his, int(at_hi), steps)
        return np.float32(-hi if symmetric else lo), np.float32(hi)

    def _errors(
        self, values: np.ndarray, counts: np.ndarray, lo: float, his: np.ndarray
    ) -> np.ndarray:
        """Mean squared error of the ranges [lo, hi], one for each of `his`."""
        los = -his if self.scheme == "symmetric" else np.full_like(his, lo)
        qparams = choose_qparams(
            los, his, dtype=self.dtype, scheme=self.scheme, narrow=self.narrow, axis=0
        )
        back = fake_quantize(np.broadcast_to(values, (len(his), len(values))), qparams)
        # float64: the error of the best range is a difference of nearly equal float32 numbers.
        return np.square(back.astype(np.float64) - values) @ counts / counts.sum()


def middles(seen: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Where the values of each bin that is not empty are taken to lie, and how many they are.

    Returns
    -------
    values : float32 array
        Middles of the bins, none of them beyond the smallest or the largest value seen.
    counts : int64 array of the same length
    """
    filled = seen.counts > 0
    values = seen.edges[:-1] / 2 + seen.edges[1:] / 2
    return np.clip(values, seen.lo, seen.hi)[filled], seen.counts[filled]


def _points(first: float, last: float, steps: int) -> np.ndarray:
    """Equally spaced, the widest range first; a single point where there is nothing between."""
    return np.linspace(first, last, steps + 1) if first != last else np.array([first])


def _between_neighbours(points: np.ndarray, at: int, steps: int) -> np.ndarray:
    wider, narrower = points[max(at - 1, 0)], points[min(at + 1, len(points) - 1)]
    return _points(float(wider), float(narrower), steps)
