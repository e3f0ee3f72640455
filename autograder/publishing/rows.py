"""How everyone stands: who handed in, who was expected, and what could not be read.

One row for each student and lesson. Nobody is left out: a student of the roster who handed nothing
in, a folder that was refused and a file in the wrong place have rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from autograder.course_folder import Course
from autograder.intake.ingest import Found, find_submissions
from autograder.intake.person import Person
from autograder.intake.strays import find_strays
from autograder.intake.student_ids import is_id
from autograder.recording.gradebook import Standing, roster, standings
from autograder.recording.record import ExerciseResult, Record, read_records
from autograder.recording.store import REVIEW

NOTHING = "Nothing was handed in."
NOT_YET = "It is not graded yet. Run `autograder grade`."


@dataclass(frozen=True)
class Row:
    """One student in one lesson, as the gradebook and the record have it now.

    score      points that are decided, by code or by a person; None while none is.
    penalty    what being late costs; `total` is the score without it.
    waiting    exercises that a person still has to grade; `review`: to look at again.
    """

    person: Person
    lesson: str
    verdict: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    penalty: float = 0.0
    exercises: tuple[ExerciseResult, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    isolation: str = ""
    environment: str = ""
    waiting: tuple[str, ...] = ()
    review: tuple[str, ...] = ()

    @property
    def student(self) -> str:
        return self.person.id

    @property
    def total(self) -> float | None:
        """The points that count; never below zero."""
        return None if self.score is None else max(0.0, self.score - self.penalty)

    def public(self) -> dict[str, Any]:
        """Plain data for `report --json`: no seed, no hash."""
        whole = asdict(self)
        person = whole.pop("person")
        whole.pop("environment")
        for each in whole["exercises"]:
            each.pop("seed")
        named = {"student": person.pop("id"), **person, "name": self.person.name}
        return named | whole | {"total": self.total}


def rows_of(course: Course, lessons: frozenset[str] | None = None) -> tuple[Row, ...]:
    """Every row of the course, by lesson and student; only these `lessons` where they are named.

    Raises GradebookError.
    """
    people, now = roster(course.db_url), standings(course.db_url)
    rows: dict[tuple[str, str], Row] = {}
    for record in read_records(course.records):
        person = people.get(record.student, Person(record.student))
        key = (record.lesson, record.student)
        rows[key] = row_of(record, person, now.get((record.student, record.lesson)))
    if course.submitted.is_dir():
        for found in find_submissions(course.submitted):
            if is_id(found.student):  # any other folder is a stray one
                person = people.get(found.student, Person(found.student))
                key = (found.lesson, found.student)
                rows.setdefault(key, Row(person, found.lesson, *_not_graded(found)))
    known = course.lessons()
    for lesson in sorted({lesson for lesson, _ in rows if lesson in known}):
        for person in people.values():
            rows.setdefault((lesson, person.id), Row(person, lesson, "missing", NOTHING))
    chosen = [row for row in rows.values() if lessons is None or row.lesson in lessons]
    chosen += _strays(course, people)
    return tuple(sorted(chosen, key=lambda row: (row.lesson, row.student)))


def row_of(record: Record, person: Person, now: Standing | None) -> Row:
    """One record's row: the gradebook's points, which hold a person's grades, over the code's."""
    exercises = record.exercises
    if now is not None:
        by_id = {_id_of(grade_id): points for grade_id, points in now.points.items()}
        exercises = tuple(replace(e, points=by_id.get(e.id, e.points)) for e in exercises)
    score = record.score if now is None else now.score if now.decided else None
    return Row(
        person,
        record.lesson,
        record.verdict,
        record.reason,
        score,
        now.max_score if record.max_score is None and now is not None else record.max_score,
        0.0 if now is None else now.late_penalty,
        exercises,
        tuple(note for note in record.notes if not note.startswith(REVIEW)),
        record.flags,
        record.isolation,
        record.environment_sha256,
        _waiting(exercises, now),
        () if now is None else tuple(map(_id_of, now.review)),
    )


def _not_graded(found: Found) -> tuple[str, str]:
    """Verdict and reason of a submission without a record."""
    if found.folder.is_symlink():
        return "malformed", "It is a link, and links are never followed. Put the real folder there."
    if not is_id(found.lesson):
        return "malformed", f"The folder name {found.lesson[:60]!r} is no lesson's. Rename it."
    return "missing", NOT_YET


def _waiting(exercises: Iterable[ExerciseResult], now: Standing | None) -> tuple[str, ...]:
    if now is None:
        return tuple(e.id for e in exercises if e.points is None)
    return tuple(sorted((_id_of(g) for g, p in now.points.items() if p is None), key=in_order))


def _strays(course: Course, people: dict[str, Person]) -> list[Row]:
    if not course.submitted.is_dir():
        return []
    return [
        Row(people.get(s.student, Person(s.student)), "", s.verdict, s.sentence)
        for s in find_strays(course.submitted)
    ]


def _id_of(grade_id: str) -> str:
    """`check-1-2` and `written-1-2` are of exercise 1.2."""
    kind, _, id = grade_id.partition("-")
    return id.replace("-", ".") if id else kind


def in_order(id: str) -> tuple[tuple[int, int | str], ...]:
    """1.2 before 1.10, numbers before names."""
    return tuple((0, int(p)) if p.isdigit() else (1, p) for p in id.split("."))


def mixed_environments(rows: Iterable[Row]) -> tuple[str, ...]:
    """The lessons that were graded by more than one version of Python, libraries and lessons."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        if row.environment:
            seen.setdefault(row.lesson, set()).add(row.environment)
    return tuple(sorted(lesson for lesson, found in seen.items() if len(found) > 1))
