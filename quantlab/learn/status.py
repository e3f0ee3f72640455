"""How far a learner is: one row per exercise, totals per lesson, and what to do next.

Plain values without a terminal; `tables` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from quantlab.learn.progress import Progress
from quantlab.learn.standing import Standing

if TYPE_CHECKING:
    from quantlab.teach.judging.exercise import Exercise


@dataclass(frozen=True)
class Row:
    """One exercise and where it stands."""

    exercise: str
    title: str
    lesson: int
    max_points: float
    standing: Standing
    written: bool = False


@dataclass(frozen=True)
class QuizRow:
    """The best finished run of one quiz, and how many runs there were."""

    quiz: str
    points: float
    max_points: float
    runs: int


@dataclass(frozen=True)
class Status:
    """Everything that `quantlab status` shows."""

    user: str
    rows: tuple[Row, ...]
    quizzes: tuple[QuizRow, ...]
    next_step: str

    @property
    def points(self) -> float:
        return sum(row.standing.points for row in self.rows)

    @property
    def max_points(self) -> float:
        return sum(row.max_points for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; one object per exercise with its standing laid flat."""
        return {
            "user": self.user,
            "points": self.points,
            "max_points": self.max_points,
            "exercises": [_flat(row) for row in self.rows],
            "quizzes": [asdict(row) for row in self.quizzes],
            "next_step": self.next_step,
        }


def status(progress: Progress, exercises: Sequence[Exercise]) -> Status:
    """The status of `progress` over the course's exercises, in the course's order."""
    standings = progress.standings()
    rows = tuple(
        Row(
            e.id,
            e.title,
            e.lesson,
            e.points,
            standings.get(e.id, Standing()),
            written=e.kind == "written",
        )
        for e in exercises
    )
    return Status(progress.user, rows, _quizzes(progress), next_step(rows))


def next_step(rows: Sequence[Row]) -> str:
    """One sentence: the first exercise that is not done, or what is left after all of them."""
    undone = [row for row in rows if not row.standing.done]
    if not rows:
        return "This copy of the course has no exercises."
    if not undone:
        return "Every exercise is done: apply what you learned to a model of your own."
    row = undone[0]
    verb = "Go on with" if row.standing.last else "Start with"
    return f"{verb} {row.exercise} · {row.title}: quantlab start {row.lesson:02d}"


def _quizzes(progress: Progress) -> tuple[QuizRow, ...]:
    rows = []
    for quiz in progress.quiz_ids():
        runs = progress.quiz_attempts(quiz)
        best = max(runs, key=lambda run: run.points)
        rows.append(QuizRow(quiz, best.points, best.max_points, len(runs)))
    return tuple(rows)


def _flat(row: Row) -> Mapping[str, Any]:
    standing = row.standing
    return {
        "exercise": row.exercise,
        "title": row.title,
        "lesson": row.lesson,
        "done": standing.done,
        "points": standing.points,
        "max_points": row.max_points,
        "attempts": standing.attempts,
        "hints": standing.hints,
        "solution_opened": standing.solution_opened,
        "last_verdict": None if standing.last is None else str(standing.last),
    }
