"""Timing with a spread: medians, quartiles, and a ratio with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

WARM_UPS = 2
FEWEST_RUNS = 5
RESAMPLES = 2000


@dataclass(frozen=True)
class Timing:
    """Seconds a run takes: the fastest, the median, the quartiles that hold half of the runs."""

    fastest: float
    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, seconds: np.ndarray) -> Timing:
        fastest, low, median, high = np.quantile(seconds, (0.0, 0.25, 0.5, 0.75))
        return cls(float(fastest), float(median), float(low), float(high), len(seconds))


@dataclass(frozen=True)
class SideBySide:
    """Two ways to do one thing, timed in turn.

    `ratio` is the first median over the second: above 1, the second one is faster. `low` and
    `high` hold 95 % of the bootstrap's ratios.
    """

    first: Timing
    second: Timing
    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """'faster', 'slower' (the second against the first), or 'inconclusive'."""
        if self.low > 1:
            return "faster"
        return "slower" if self.high < 1 else "inconclusive"


def measure(run: Callable[[], object], seconds: float) -> Timing:
    """Call `run` for about `seconds`, after two warm-up calls, at least five times."""
    for _ in range(WARM_UPS):
        run()
    times: list[float] = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(times) < FEWEST_RUNS:
        times.append(_timed(run))
    return Timing.of(np.array(times))


def side_by_side(
    first: Callable[[], object], second: Callable[[], object], seconds: float
) -> SideBySide:
    """Time two calls in turn for about `seconds`, so that a disturbance meets both.

    The order changes from pair to pair. The interval of the ratio is a bootstrap over pairs
    (percentile method, Efron 1979), with a fixed seed.
    """
    for _ in range(WARM_UPS):
        first()
        second()
    pairs: list[tuple[float, float]] = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(pairs) < FEWEST_RUNS:
        if len(pairs) % 2:
            late = _timed(second)
            pairs.append((_timed(first), late))
        else:
            pairs.append((_timed(first), _timed(second)))
    return compare(np.array(pairs))


def compare(pairs: np.ndarray) -> SideBySide:
    """The comparison of measured pairs, a float array of shape (runs, 2), in seconds."""
    picks = np.random.default_rng(0).integers(0, len(pairs), size=(RESAMPLES, len(pairs)))
    medians = np.median(pairs[picks], axis=1)
    low, high = np.quantile(medians[:, 0] / medians[:, 1], (0.025, 0.975))
    first, second = Timing.of(pairs[:, 0]), Timing.of(pairs[:, 1])
    return SideBySide(first, second, first.median / second.median, float(low), float(high))


def _timed(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start
