"""How far two numbers of the same people go together, and how sure that is.

Where one of the two has only two values, such as right and wrong, Pearson's correlation is the
point-biserial one. The interval is Fisher's (1921).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

#: Below this many people a number says nothing of the exercise, and may say something of a person.
FEWEST = 5
#: From so many on a correlation has an interval worth reading.
FEWEST_FOR_INTERVAL = 30


def correlation(mine: Sequence[float], others: Sequence[float]) -> float | None:
    """None with fewer than FEWEST people, or where all of them have the same."""
    if len(mine) < FEWEST or len(set(mine)) < 2 or len(set(others)) < 2:
        return None
    return statistics.correlation(mine, others)


def of_a_choice(chose: Sequence[bool], others: Sequence[float]) -> float | None:
    """Of having chosen something; None too where fewer than FEWEST did, or did not."""
    if min(sum(chose), len(chose) - sum(chose)) < FEWEST:
        return None
    return correlation([float(did) for did in chose], others)


def interval(r: float | None, n: int) -> tuple[float, float] | None:
    """The 95 % interval of a correlation over n pairs, by Fisher's z."""
    if r is None or n < FEWEST_FOR_INTERVAL:
        return None
    if abs(r) >= 1:
        return (r, r)
    half = statistics.NormalDist().inv_cdf(0.975) / math.sqrt(n - 3)
    return (math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))
