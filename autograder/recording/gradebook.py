"""What this package asks of nbgrader's gradebook, and the one thing it writes besides nbgrader."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SAWarning


@dataclass(frozen=True)
class Standing:
    """A submission as the gradebook has it now, manual grades included.

    late_seconds, late_penalty   past the due date, and the points that this costs beside `score`.
    """

    score: float
    max_score: float
    needs_manual_grade: bool
    late_seconds: float
    late_penalty: float
    points: dict[str, float | None]  # by grade id; None while nobody has decided


def standing(db_url: str, student: str, lesson: str) -> Standing | None:
    """The submission's standing, or None where the gradebook has none."""
    with Gradebook(db_url) as gradebook:
        try:
            submission = gradebook.find_submission(lesson, student)
        except MissingEntry:
            return None
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return Standing(
            score=float(submission.score),
            max_score=float(submission.max_score),
            needs_manual_grade=bool(submission.needs_manual_grade),
            late_seconds=float(submission.total_seconds_late),
            late_penalty=float(submission.late_submission_penalty or 0.0),
            points={
                g.name: None if g.auto_score is None and g.manual_score is None else float(g.score)
                for g in grades
            },
        )


def withhold(db_url: str, student: str, lesson: str) -> None:
    """Leave a submission ungraded: no automatic score, marked for a person, manual grades kept."""
    with Gradebook(db_url) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader's own model, on a new entry
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(lesson, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score = None
                grade.needs_manual_grade = True
        gradebook.db.commit()
