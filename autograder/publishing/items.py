"""How the exercises of a class went: which are hard, which tell students apart, what went wrong.

Difficulty is the mean share of the points (1: all had all). Discrimination is the correlation of an
exercise's points with the points of all others together: near 1 it tells strong from weak, near 0
it tells nothing, below 0 look at the exercise. Both are the usual statistics of classical test
theory (Allen and Yen, Introduction to Measurement Theory, 1979, chapter 6).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.publishing.rows import Row, in_order
from autograder.recording.record import ExerciseResult

#: Below this many decided answers a correlation says nothing.
FEWEST = 5


@dataclass(frozen=True)
class Item:
    """One exercise over a class.

    decided         submissions whose points for it are decided.
    difficulty      None without a decided one; discrimination None with fewer than FEWEST, or where
                    all have the same.
    verdicts, misconceptions, options   how often each, the most frequent first.
    seconds         median of what one submission needed for it.
    """

    lesson: str
    id: str
    submissions: int
    decided: int
    difficulty: float | None
    discrimination: float | None
    verdicts: tuple[tuple[str, int], ...]
    misconceptions: tuple[tuple[str, int], ...]
    options: tuple[tuple[str, int], ...]
    seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        whole = asdict(self)
        for name in ("verdicts", "misconceptions", "options"):
            whole[name] = dict(whole[name])
        return whole


def items_of(rows: Sequence[Row]) -> tuple[Item, ...]:
    """Every exercise of every lesson, in order. Missing submissions count nowhere."""
    pairs = sorted({(row.lesson, e.id) for row in rows for e in row.exercises}, key=_by_id)
    return tuple(_item(lesson, id, [r for r in rows if r.lesson == lesson]) for lesson, id in pairs)


def _item(lesson: str, id: str, rows: Sequence[Row]) -> Item:
    found = [(row, e) for row in rows for e in row.exercises if e.id == id]
    decided = [(row, e) for row, e in found if e.points is not None and e.max_points]
    shares = [(e.points or 0.0) / e.max_points for _, e in decided]
    seconds = [e.seconds for _, e in found if e.seconds]
    return Item(
        lesson,
        id,
        len(found),
        len(decided),
        statistics.fmean(shares) if shares else None,
        _discrimination(decided),
        _counted(e.verdict for _, e in found),
        _counted(e.misconception for _, e in found),
        _counted(e.chosen for _, e in found),
        statistics.median(seconds) if seconds else None,
    )


def _discrimination(decided: Sequence[tuple[Row, ExerciseResult]]) -> float | None:
    mine = [e.points or 0.0 for _, e in decided]
    others = [sum(o.points or 0.0 for o in row.exercises if o.id != e.id) for row, e in decided]
    if len(mine) < FEWEST or len(set(mine)) < 2 or len(set(others)) < 2:
        return None
    return statistics.correlation(mine, others)


def _counted(names: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    counts = Counter(name for name in names if name)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _by_id(pair: tuple[str, str]) -> tuple[str, object]:
    return pair[0], in_order(pair[1])
