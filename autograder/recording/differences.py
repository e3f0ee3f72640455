"""What a second grading would change: who, which exercise, from how many points to how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from autograder.recording.gradebook import Standing
from autograder.recording.record import ExerciseResult, Record


@dataclass(frozen=True)
class Change:
    """One exercise of one student whose points or verdict differ; None: nobody has decided.

    by_hand   the points that a person gave, which stay whatever code says.
    """

    student: str
    lesson: str
    exercise: str
    old: float | None
    new: float | None
    old_verdict: str
    new_verdict: str
    by_hand: float | None = None

    @property
    def counts(self) -> float:
        """By how much the student's score changes."""
        return 0.0 if self.by_hand is not None else (self.new or 0.0) - (self.old or 0.0)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"counts": self.counts}


def changes(old: Record | None, new: Record, now: Standing | None) -> Iterator[Change]:
    """Every difference between two gradings of one submission, in the order of the lesson.

    A submission that could not be graded at all, before or now, differs in each of its exercises.
    """
    before = _by_id(old) if old is not None else {}
    after = _by_id(new)
    for id in dict.fromkeys([*before, *after]):
        one, two = before.get(id), after.get(id)
        if one is None or two is None or (one.points, one.verdict) != (two.points, two.verdict):
            yield Change(
                new.student,
                new.lesson,
                id,
                one.points if one else None,
                two.points if two else None,
                one.verdict if one else old.verdict if old else "not graded",
                two.verdict if two else new.verdict,
                _by_hand(id, now),
            )


def _by_id(record: Record) -> Mapping[str, ExerciseResult]:
    return {result.id: result for result in record.exercises}


def _by_hand(id: str, now: Standing | None) -> float | None:
    named = id.replace(".", "-")
    found = [cell for cell in (now.manual if now else ()) if cell.partition("-")[2] == named]
    return now.points[found[0]] if now is not None and found else None
