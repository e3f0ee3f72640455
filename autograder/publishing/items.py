"""How the exercises of a class went: which are hard, which tell students apart, what went wrong.

Difficulty is the mean share of the points (1: all had all). Discrimination is the correlation of an
exercise's points with the points of all others together: near 1 it tells strong from weak, near 0
it tells nothing, below 0 look at the exercise. Both are the usual statistics of classical test
theory (Allen and Yen, Introduction to Measurement Theory, 1979, chapter 6). Where an exercise has
all its points or none, the correlation is the point-biserial one. So is an option's: above 0 the
stronger ones chose it, and a wrong option that they choose wants to be read again.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.publishing.correlation import correlation, interval, of_a_choice
from autograder.publishing.rows import Row, in_order
from autograder.recording.record import ExerciseResult

#: Two answers that differ in their numbers alone behave alike.
NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Item:
    """One exercise over a class.

    decided         submissions whose points for it are decided.
    difficulty      None without a decided one; discrimination None with fewer than FEWEST, or where
                    all have the same.
    interval        of the discrimination, 95 %; None with fewer than FEWEST_FOR_INTERVAL decided.
    option_discrimination   of each option; None where fewer than FEWEST chose it, or did not.
    verdicts, misconceptions, options   how often each, the most frequent first.
    unnamed         what was observed of wrong answers without a name, and how often: each may be a
                    misconception that nobody has written down yet. Never a student's code.
    seconds         median of what one submission needed for it.
    """

    lesson: str
    id: str
    submissions: int
    decided: int
    difficulty: float | None
    discrimination: float | None
    interval: tuple[float, float] | None
    verdicts: tuple[tuple[str, int], ...]
    misconceptions: tuple[tuple[str, int], ...]
    options: tuple[tuple[str, int], ...]
    option_discrimination: tuple[tuple[str, float | None], ...]
    unnamed: tuple[tuple[str, int], ...]
    seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        whole = asdict(self)
        counted = ("verdicts", "misconceptions", "options", "option_discrimination", "unnamed")
        for name in counted:
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
    others = [sum(o.points or 0.0 for o in row.exercises if o.id != e.id) for row, e in decided]
    discrimination = correlation([e.points or 0.0 for _, e in decided], others)
    chosen = [e.chosen for _, e in decided]
    return Item(
        lesson,
        id,
        len(found),
        len(decided),
        statistics.fmean(shares) if shares else None,
        discrimination,
        interval(discrimination, len(decided)),
        _counted(e.verdict for _, e in found),
        _counted(e.misconception for _, e in found),
        _counted(e.chosen for _, e in found),
        tuple(
            (option, of_a_choice([one == option for one in chosen], others))
            for option in sorted({one for one in chosen if one})
        ),
        _unnamed(e for _, e in found),
        statistics.median(seconds) if seconds else None,
    )


def _unnamed(results: Iterable[ExerciseResult]) -> tuple[tuple[str, int], ...]:
    """What wrong answers without a name did, those alike but for their numbers counted together."""
    alike: dict[str, list[str]] = {}
    for e in results:
        if e.verdict == "incorrect" and not e.misconception and not e.chosen and e.observed:
            alike.setdefault(NUMBER.sub("#", e.observed), []).append(e.observed)
    return tuple(sorted(((said[0], len(said)) for said in alike.values()), key=lambda p: -p[1]))


def _counted(names: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    counts = Counter(name for name in names if name)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _by_id(pair: tuple[str, str]) -> tuple[str, object]:
    return pair[0], in_order(pair[1])
