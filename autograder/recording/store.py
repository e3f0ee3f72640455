"""The single writer into nbgrader's gradebook: one record, one transaction.

What a person decided is never touched: `manual_score`, `extra_credit`, a manual comment, a name in
the roster. Storing the same record twice leaves what storing it once leaves, so a batch that was
killed, or an engine that runs a task twice, is mended by storing again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import is_solution, parse_utc
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SAWarning
from sqlalchemy.orm import Session

from autograder.recording.database import GradebookError, connect, refusals
from autograder.recording.gradebook import (
    Standing,
    read_standing,
    seconds_late,
    standing_in,
)
from autograder.recording.record import ExerciseResult, Record

#: (student, points, seconds late) -> the points that this costs: the course's late plug-in.
Penalty = Callable[[str, float, float], float]
NO_RESPONSE = "No response."


@dataclass(frozen=True)
class Stored:
    """What one record became: the submission's standing, and what a person should look at."""

    standing: Standing
    notes: tuple[str, ...] = ()


def no_penalty(student: str, points: float, seconds_late: float) -> float:
    """nbgrader's own default: to be late costs nothing."""
    return 0.0


class Store:
    """An open gradebook that records are put into, one after the other."""

    def __init__(self, db_url: str, penalty: Penalty = no_penalty) -> None:
        """Open it. Raises GradebookError."""
        self.db_url = db_url
        self._engine = connect(db_url)
        self._penalty = penalty

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def standing(self, student: str, lesson: str) -> Standing | None:
        """The submission as the gradebook has it now."""
        return read_standing(self._engine, student, lesson)

    def put(self, record: Record, changed: frozenset[str] = frozenset()) -> Stored:
        """Store one record: wholly or, with a GradebookError, not at all.

        changed   grade ids of written answers whose text is not the one that was stored before.
        """
        with refusals(self.db_url), warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # from nbgrader's own model
            try:
                return self._put(record, changed)
            except IntegrityError:
                # Another writer on the same server made the row first: now it is there to update.
                return self._put(record, changed)

    def _put(self, record: Record, changed: frozenset[str]) -> Stored:
        with Session(self._engine) as session, session.begin():
            submission = _submission(session, record)
            submission.timestamp = parse_utc(record.handed_in)
            results = {_key(result.id): result for result in record.exercises}
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    _grade(grade, results.get(_key(grade.name, named=True)), changed)
                for comment in notebook.comments:
                    _comment(comment, results.get(_key(comment.name, named=True)))
            notes = self._late(session, submission)
            session.flush()
            session.expire_all()
            now = standing_in(submission)
            return Stored(now, (*notes, *_to_review(now)))

    def _late(self, session: Session, submission: SubmittedAssignment) -> tuple[str, ...]:
        """Set the late penalty of each notebook; never more than its points, never below zero."""
        late = seconds_late(submission)
        session.flush()
        costs = 0.0
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = None
            if late > 0:
                session.refresh(notebook, ["score"])
                asked = self._penalty(submission.student_id, notebook.score, late)
                costs += min(max(0.0, asked), max(0.0, notebook.score))
                notebook.late_submission_penalty = min(max(0.0, asked), max(0.0, notebook.score))
        if not late:
            return ()
        said = f"Handed in {late / 3600:,.1f} hours late: the penalty is {costs:g} of its points."
        return (said,)


def changed_texts(before: NotebookNode | None, now: NotebookNode) -> frozenset[str]:
    """Grade ids of the written answers that differ from the earlier notebook's.

    Without an earlier notebook none can be shown to be the same, so all count as changed.
    """
    old = _written(before) if before is not None else {}
    return frozenset(id for id, text in _written(now).items() if old.get(id) != text)


def _written(notebook: NotebookNode) -> Mapping[str, str]:
    cells = [c for c in notebook.cells if is_solution(c) and c.metadata.nbgrader.get("grade")]
    return {c.metadata.nbgrader["grade_id"]: c.source.strip() for c in cells}


def _submission(session: Session, record: Record) -> SubmittedAssignment:
    """The student's row for this lesson with a row for each graded cell, made where missing."""
    lesson = session.scalars(
        select(Assignment).where(Assignment.name == record.lesson)
    ).one_or_none()
    if lesson is None:
        raise GradebookError(
            f"The gradebook has no assignment {record.lesson!r}. Run `autograder grade` in the "
            "course that released it, or check the gradebook's address."
        )
    if session.get(Student, record.student) is None:
        session.add(Student(id=record.student))
        session.flush()
    mine = select(SubmittedAssignment).where(
        SubmittedAssignment.assignment_id == lesson.id,
        SubmittedAssignment.student_id == record.student,
    )
    submission = session.scalars(mine).one_or_none()
    if submission is None:
        submission = SubmittedAssignment(assignment_id=lesson.id, student_id=record.student)
        session.add(submission)
        session.flush()
    _mirror(session, lesson, submission)
    return submission


def _mirror(session: Session, lesson: Assignment, submission: SubmittedAssignment) -> None:
    """A row for each notebook, grade and comment that the lesson has and the submission lacks.

    nbgrader makes them once, with the submission; a lesson released anew may have gained a cell.
    """
    there = {each.notebook_id: each for each in submission.notebooks}
    for notebook in lesson.notebooks:
        mine = there.get(notebook.id)
        if mine is None:
            mine = SubmittedNotebook(notebook_id=notebook.id, assignment_id=submission.id)
            session.add(mine)
            session.flush()
        graded = {grade.cell_id for grade in mine.grades}
        said = {comment.cell_id for comment in mine.comments}
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            if cell.id not in graded:
                session.add(Grade(cell_id=cell.id, notebook_id=mine.id, needs_manual_grade=True))
        for cell in [*notebook.solution_cells, *notebook.task_cells]:
            if cell.id not in said:
                session.add(Comment(cell_id=cell.id, notebook_id=mine.id))
    session.flush()
    session.expire_all()


def _grade(grade: Grade, result: ExerciseResult | None, changed: frozenset[str]) -> None:
    """The automatic points; and whether a person has to look, also at a grade of their own."""
    grade.auto_score = None if result is None else result.points
    if grade.manual_score is None:
        grade.needs_manual_grade = grade.auto_score is None
    elif grade.name.startswith("written-"):
        # A person read this very text: only another one, or none at all, asks for them again.
        again = result is None or grade.name in changed
        grade.needs_manual_grade = grade.needs_manual_grade or again
    else:
        grade.needs_manual_grade = True


def _comment(comment: Comment, result: ExerciseResult | None) -> None:
    untouched = result is not None and result.verdict == "not_attempted"
    comment.auto_comment = NO_RESPONSE if untouched else None


def _to_review(now: Standing) -> tuple[str, ...]:
    return tuple(
        review_note(id, now.points[id] or 0.0) for id in now.review if id.startswith("written-")
    )


REVIEW = "Look again at"


def review_note(grade_id: str, points: float) -> str:
    """For a text that changed under a grade given by hand."""
    id = grade_id.partition("-")[2].replace("-", ".")
    return (
        f"{REVIEW} {id} in formgrader: the text changed after a person gave it {points:g} points."
    )


def _key(id: str, *, named: bool = False) -> str:
    """`1.2`, `check-1-2` and `exercise-1-2` are of one exercise."""
    return (id.partition("-")[2] or id) if named else id.replace(".", "-")
