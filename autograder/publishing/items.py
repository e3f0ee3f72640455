"""How the exercises of a class went: which are hard, which tell students apart, what went wrong.

Difficulty is the mean share of the points (1: all had all). Discrimination is the correlation of an
exercise's points with the points of all others together: near 1 it tells strong from weak, near 0
it tells nothing, below 0 look at the exercise. Both are the usual statistics of classical test
theory (Allen and Yen, Introduction to Measurement Theory, 1979, chapter 6). Where an exercise has
all its points or none, the correlation is the point-biserial one. So is an option's: above 0 the
stronger ones chose it, and a wrong option that they choose wants to be read again.

No number stands for one to four people, nor can it be reckoned: see `small_cells`.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.publishing.correlation import FEWEST, correlation, interval, of_a_choice
from autograder.publishing.rows import Row, in_order
from autograder.publishing.small_cells import parts, people, share
from autograder.recording.record import ExerciseResult

#: Two answers that differ in their numbers alone behave alike.
NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")


#: (name, how often), None for a count that is left out.
Counts = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Item:
    """One exercise over a class.

    submissions, decided    those that have it, and those whose points for it are decided; None for
                    fewer than FEWEST, and for decided ones where fewer than FEWEST are not.
    difficulty      at most all but FEWEST lost it and at least FEWEST have it, unless nobody or
                    everybody; None where that cannot be. discrimination None with fewer than
                    FEWEST, or where all have the same.
    interval        of the discrimination, 95 %; None with fewer than FEWEST_FOR_INTERVAL decided.
    option_discrimination   of each option; None where fewer than FEWEST chose it, or did not.
    verdicts, misconceptions, options   how often each, the most frequent first; None for a count
                    that is left out.
    unnamed         what was observed of wrong answers without a name, and how often: each may be a
                    misconception that nobody has written down yet. Never a student's code, and
                    nothing that fewer than FEWEST did.
    seconds         median of what one submission needed for it; None with fewer than FEWEST.
    """

    lesson: str
    id: str
    submissions: int | None
    decided: int | None
    difficulty: float | None
    discrimination: float | None
    interval: tuple[float, float] | None
    verdicts: tuple[tuple[str, int | None], ...]
    misconceptions: tuple[tuple[str, int | None], ...]
    options: tuple[tuple[str, int | None], ...]
    option_discrimination: tuple[tuple[str, float | None], ...]
    unnamed: tuple[tuple[str, int | None], ...]
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
    misconceptions, unnamed = _wrong([e for _, e in found])
    return Item(
        lesson,
        id,
        people(len(found)),
        people(len(decided), len(found)),
        share(sum(shares), len(decided)),
        discrimination,
        interval(discrimination, len(decided)),
        _counted(Counter(e.verdict for _, e in found)),
        misconceptions,
        _counted(Counter(e.chosen for _, e in found if e.chosen), len(found)),
        tuple(
            (option, of_a_choice([one == option for one in chosen], others))
            for option in sorted({one for one in chosen if one})
        ),
        unnamed,
        statistics.median(seconds) if len(seconds) >= FEWEST else None,
    )


def _wrong(results: Sequence[ExerciseResult]) -> tuple[Counts, Counts]:
    """What wrong answers were named, and what those without a name did. Both add up to the wrong
    answers, with those that are neither."""
    named = Counter(e.misconception for e in results if e.misconception)
    alike: dict[str, list[str]] = {}
    for e in results:
        if e.verdict == "incorrect" and not e.misconception and not e.chosen and e.observed:
            alike.setdefault(NUMBER.sub("#", e.observed), []).append(e.observed)
    unnamed = {said[0]: len(said) for said in alike.values()}
    wrong = sum(e.verdict == "incorrect" for e in results)
    both = {("named", name): n for name, n in named.items()}
    both |= {("unnamed", said): n for said, n in unnamed.items()}
    told = _parts(Counter(both), wrong)
    return (
        _sorted({name: told["named", name] for name in named}),
        _sorted({said: told["unnamed", said] for said, n in unnamed.items() if n >= FEWEST}),
    )


def _counted(counts: Counter[str], of: int = 0) -> Counts:
    return _sorted(_parts(counts, of))


def _parts(counts: Counter[Any], of: int) -> dict[Any, int | None]:
    """The counts by name, without those that are left out; what they lack of `of` is a part too."""
    rest = max(of - counts.total(), 0)
    return dict(zip(counts, parts([*counts.values(), rest]), strict=False))


def _sorted(counts: Mapping[str, int | None]) -> Counts:
    """The most frequent first, and those without a number by their names alone."""
    return tuple(sorted(counts.items(), key=lambda pair: (-(pair[1] or 0), pair[0])))


def _by_id(pair: tuple[str, str]) -> tuple[str, object]:
    return pair[0], in_order(pair[1])
