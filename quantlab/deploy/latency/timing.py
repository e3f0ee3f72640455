"""Timing with a spread: calls in turn, medians, quartiles, and a ratio with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

WARM_UPS = 2
FEWEST_ROUNDS = 5
#: So many rounds give the ratio of two steady calls to about 0.1 %; more would only cost time.
MOST_ROUNDS = 2000
RESAMPLES = 2000
CONFIDENCE = 0.95
#: Resamples drawn at a time, so that the bootstrap stays within some tens of megabytes.
CHUNK = 200


@dataclass(frozen=True)
class Timing:
    """Seconds a run takes: the fastest, the median, the quartiles that hold half of the runs."""

    fastest: float
    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, seconds: Any) -> Timing:
        """The summary of measured runs, a 1-D array in seconds."""
        fastest, low, median, high = np.quantile(seconds, (0.0, 0.25, 0.5, 0.75))
        return cls(float(fastest), float(median), float(low), float(high), len(seconds))


def rounds_in_turn(
    calls: Sequence[Callable[[], object]],
    seconds: float,
    *,
    fewest: int = FEWEST_ROUNDS,
    clock: Callable[[], float] = perf_counter,
) -> Iterator[tuple[float, ...]]:
    """Time every call once a round, so that a disturbance meets all of them.

    A round's order is drawn anew and the next round goes backwards: each call is early as often as
    late. Two rounds of warm-up come first and are not counted.

    Parameters
    ----------
    calls : sequence of callables without arguments
    seconds : float
        Time for all rounds together; no round begins after it, from `fewest` rounds on.
    fewest : int
        Rounds to do however long they take. At most `MOST_ROUNDS` are done.
    clock : callable
        Seconds since some moment; a test passes its own.

    Yields
    ------
    tuple of float
        One round: the seconds of each call, in the order of `calls`.
    """
    for _ in range(WARM_UPS):
        for call in calls:
            call()
    rng = np.random.default_rng(0)
    order: list[int] = []
    done, end = 0, clock() + seconds
    while done < fewest or (clock() < end and done < MOST_ROUNDS):
        order = order[::-1] if done % 2 else [int(k) for k in rng.permutation(len(calls))]
        times = [0.0] * len(calls)
        for index in order:
            start = clock()
            calls[index]()
            times[index] = clock() - start
        done += 1
        yield tuple(times)


def ratio_interval(pairs: Any, *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the ratio of two medians, first over second.

    A bootstrap over rounds (percentile method, Efron 1979): whole rounds are drawn with
    replacement, so that what disturbed both calls of a round stays together.

    Parameters
    ----------
    pairs : float array (rounds, 2)
        Seconds of the two calls, one row a round.
    seed : int
        The same pairs and seed give the same interval.
    """
    rows = np.asarray(pairs, dtype=np.float64)
    rng = np.random.default_rng(seed)
    ratios = []
    for _ in range(0, RESAMPLES, CHUNK):
        picks = rng.integers(0, len(rows), size=(CHUNK, len(rows)))
        medians = np.median(rows[picks], axis=1)
        ratios.append(medians[:, 0] / medians[:, 1])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(ratios), (tail, 1 - tail))
    return float(low), float(high)
