"""What this package reads in nbgrader's gradebook: who is expected, and how everyone stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbgrader.api import Assignment, Grade, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, selectinload

from autograder.intake.person import Person
from autograder.recording.database import connect, refusals


@dataclass(frozen=True)
class Standing:
    """A submission as the gradebook has it now, manual grades included.

    score          the sum of what is decided; a penalty is not taken off it.
    late_seconds, late_penalty   past the due date, and the points that this costs.
    points         by grade id, with extra credit; None while nobody has decided.
    manual         grade ids that a person gave points; `review`: to look at again.
    """

    score: float
    max_score: float
    needs_manual_grade: bool
    late_seconds: float
    late_penalty: float
    points: dict[str, float | None]
    manual: tuple[str, ...] = ()
    review: tuple[str, ...] = ()

    @property
    def decided(self) -> bool:
        """True where anything of it is graded, by machine or by hand."""
        return any(points is not None for points in self.points.values())


def standings(db_url: str) -> dict[tuple[str, str], Standing]:
    """Every submission of the gradebook, by (student, lesson). Raises GradebookError."""
    engine = connect(db_url)
    try:
        with refusals(db_url), Session(engine) as session:
            found = session.scalars(_submissions())
            return {(each.student_id, each.assignment.name): standing_in(each) for each in found}
    finally:
        engine.dispose()


def standing(db_url: str, student: str, lesson: str) -> Standing | None:
    """The submission's standing, or None where the gradebook has none."""
    engine = connect(db_url)
    try:
        return read_standing(engine, student, lesson)
    finally:
        engine.dispose()


def read_standing(engine: Engine, student: str, lesson: str) -> Standing | None:
    """The same, on an engine that is open already."""
    chosen = _submissions().where(SubmittedAssignment.student_id == student)
    chosen = chosen.join(Assignment).where(Assignment.name == lesson)
    with refusals(str(engine.url)), Session(engine) as session:
        found = session.scalars(chosen).one_or_none()
        return None if found is None else standing_in(found)


def roster(db_url: str) -> dict[str, Person]:
    """Everyone the gradebook knows, by id: `nbgrader db student import FILE.csv` fills it."""
    engine = connect(db_url)
    try:
        with refusals(db_url), Session(engine) as session:
            return {
                s.id: Person(
                    s.id,
                    s.first_name or "",
                    s.last_name or "",
                    s.email or "",
                    s.lms_user_id or "",
                )
                for s in session.scalars(select(Student).order_by(Student.id))
            }
    finally:
        engine.dispose()


def _submissions():  # type: ignore[no-untyped-def]
    """All that a standing needs in a handful of queries, however large the class."""
    notebooks = selectinload(SubmittedAssignment.notebooks)
    grades = notebooks.selectinload(SubmittedNotebook.grades)
    return select(SubmittedAssignment).options(
        selectinload(SubmittedAssignment.assignment),
        grades.selectinload(Grade.cell),
        grades.undefer(Grade.max_score),
    )


def standing_in(submission: SubmittedAssignment) -> Standing:
    """The standing of a row whose session is open."""
    notebooks = submission.notebooks
    grades = [grade for notebook in notebooks for grade in notebook.grades]
    return Standing(
        score=float(sum(grade.score for grade in grades)),
        max_score=float(sum(grade.max_score for grade in grades)),
        needs_manual_grade=any(grade.needs_manual_grade for grade in grades),
        late_seconds=seconds_late(submission),
        late_penalty=float(sum(n.late_submission_penalty or 0.0 for n in notebooks)),
        points={
            g.name: None if g.auto_score is None and g.manual_score is None else float(g.score)
            for g in grades
        },
        manual=_sorted(g.name for g in grades if g.manual_score is not None),
        review=_sorted(
            g.name for g in grades if g.manual_score is not None and g.needs_manual_grade
        ),
    )


def seconds_late(submission: SubmittedAssignment) -> float:
    """Past the due date, with an extension; nbgrader's own stops where there is no due date."""
    due = submission.assignment.duedate
    if due is None or submission.timestamp is None:
        return 0.0
    if submission.extension is not None:
        due += submission.extension
    return max(0.0, float((submission.timestamp - due).total_seconds()))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
