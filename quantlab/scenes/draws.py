"""Random numbers that are the same on every system and in every version of Python and numpy.

Python promises that `random.Random(seed).random()` never changes; numpy's Generator and Python's
own `choice` or `gauss` may. So everything here is made of `random()` and exact steps.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """A stream of draws from one seed.

    Parameters
    ----------
    seed : int
        0 or more.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def between(self, low: float, high: float) -> float:
        """A number from low to high, all equally likely."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the probability given, 0 to 1."""
        return self._random.random() < probability

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[self.whole(0, len(items) - 1)]

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, each as likely as its weight is large."""
        left, last = self._random.random() * sum(weights), len(weights) - 1
        for index, weight in enumerate(weights[:last]):
            left -= weight
            if left < 0:
                return index
        return last

    def seed(self) -> int:
        """A seed for a stream of its own, so that what one part draws does not move the next's."""
        return int(self._random.random() * 2**53)
