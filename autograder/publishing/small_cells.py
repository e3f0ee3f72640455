"""Numbers of a class or of learners without those that stand for one to four people.

Neither is such a number left to be reckoned: a count that leaves fewer than FEWEST of its total is
given as the one that leaves FEWEST, and in a list that adds up to a total enough cells are left out
that no difference gives one of them away. Nobody and everybody are told: they single nobody out.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.publishing.correlation import FEWEST


def people(n: int, of: int | None = None) -> int | None:
    """A number of people; None for 1 to 4, and where it leaves so few of a total `of`."""
    few = 0 < n < FEWEST or (of is not None and 0 < of - n < FEWEST)
    return None if few else n


def coded(n: float, of: int) -> float | None:
    """`n` of `of` people, at least FEWEST and at most all but FEWEST, unless nobody or everybody.

    n   a count, or a sum of shares. None where both bounds cannot hold.
    """
    if n in (0, of):
        return n if of == 0 or of >= FEWEST else None
    return min(max(n, FEWEST), of - FEWEST) if of >= 2 * FEWEST else None


def share(n: float, of: int) -> float | None:
    """The same as a share from 0 to 1."""
    count = coded(n, of) if of else None
    return None if count is None else count / of


def parts(counts: Sequence[int]) -> list[int | None]:
    """Counts that add up to a total which may be known; None for those that are left out.

    At least two are left out where one is, and FEWEST people with them: the smallest that is shown
    goes along. Where no other is there, the total is as small.
    """
    left_out = {n for n, count in enumerate(counts) if 0 < count < FEWEST}
    others = sorted(
        (n for n, count in enumerate(counts) if count >= FEWEST), key=counts.__getitem__
    )
    while left_out and others and (len(left_out) < 2 or _sum(counts, left_out) < FEWEST):
        left_out.add(others.pop(0))
    return [None if n in left_out else count for n, count in enumerate(counts)]


def _sum(counts: Sequence[int], which: set[int]) -> int:
    return sum(counts[n] for n in which)
