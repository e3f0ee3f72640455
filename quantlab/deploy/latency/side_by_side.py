"""One call timed, or two side by side: lesson 02's view of `quantlab.deploy.latency.timing`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quantlab.deploy.latency.timing import Timing, ratio_interval, rounds_in_turn


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
    return Timing.of([times[0] for times in rounds_in_turn([run], seconds)])


def side_by_side(
    first: Callable[[], object], second: Callable[[], object], seconds: float
) -> SideBySide:
    """Time two calls in turn for about `seconds`, so that a disturbance meets both."""
    return compare(np.array(list(rounds_in_turn([first, second], seconds))))


def compare(pairs: np.ndarray) -> SideBySide:
    """The comparison of measured pairs, a float array of shape (runs, 2), in seconds."""
    first, second = Timing.of(pairs[:, 0]), Timing.of(pairs[:, 1])
    return SideBySide(first, second, first.median / second.median, *ratio_interval(pairs))
