"""What a learner has done so far: attempts, hints, opened solutions, quizzes, predictions.

Kept per user in one SQLite file in the platform's user-data folder (`QUANTLAB_HOME` overrides
the folder). Nothing here raises at the learner: `progress_store` says what happens to a file
that is damaged, locked or cannot be written, and `Progress.notice` holds the sentence about it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from quantlab.learn.choices import Choices
from quantlab.learn.progress_place import current_user, progress_path
from quantlab.learn.progress_store import SCHEMA_VERSION, Store, utc_now
from quantlab.learn.standing import Standing, standing_of
from quantlab.teach.judging.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Attempt:
    """One checked answer. `at` is ISO 8601 in UTC."""

    exercise: str
    verdict: Verdict
    points: float
    max_points: float
    misconception: str | None
    at: str


@dataclass(frozen=True)
class QuizAttempt:
    """One finished quiz. `answers` maps a question's id to what was chosen."""

    quiz: str
    points: float
    max_points: float
    answers: dict[str, Any]
    at: str


_opened: dict[tuple[Path | None, str], Progress] = {}


def open_progress() -> Progress:
    """This user's progress. The same object each time, so a session in memory is kept."""
    key = (progress_path(), current_user())
    if key not in _opened:
        _opened[key] = Progress(Store(key[0]), key[1])
    return _opened[key]


class Progress:
    """One user's rows in the progress file."""

    def __init__(self, store: Store, user: str) -> None:
        self.store = store
        self.user = user
        self.choices = Choices(store, user)

    @property
    def notice(self) -> str | None:
        """A sentence about a set-aside, locked or unwritable file. Reading it takes it away."""
        return self.store.take_notice()

    def record(self, judgement: Judgement, seconds: float | None = None) -> None:
        """Note one judgement; `seconds` is how long judging took."""
        self.store.write(
            (
                "INSERT INTO attempts (user, exercise, verdict, points, max_points,"
                " misconception, seconds, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self.user,
                    judgement.exercise,
                    str(judgement.verdict),
                    float(judgement.points),
                    float(judgement.max_points),
                    judgement.misconception,
                    None if seconds is None else float(seconds),
                    utc_now(),
                ),
            )
        )

    def attempts(self, exercise_id: str) -> tuple[Attempt, ...]:
        """Every attempt at the exercise, oldest first."""
        rows = self.store.read(
            "SELECT exercise, verdict, points, max_points, misconception, at FROM attempts"
            " WHERE user = ? AND exercise = ? ORDER BY id",
            (self.user, exercise_id),
        )
        return tuple(Attempt(row[0], _verdict(row[1]), *row[2:]) for row in rows)

    def finished_attempts(self, exercise_id: str) -> int:
        """Attempts whose answer ran and could be compared; empty stubs and errors don't count."""
        return self.standing(exercise_id).attempts

    def passed(self, exercise_id: str) -> bool:
        """True once any attempt was correct."""
        return self.standing(exercise_id).passed

    def best_points(self, exercise_id: str) -> float:
        """The most points of any attempt, or of the latest self-assessment if that is more."""
        return self.standing(exercise_id).points

    def standing(self, exercise_id: str) -> Standing:
        """Where one exercise stands; an untouched one has the empty `Standing`."""
        return self.standings().get(exercise_id, Standing())

    def hints(self, exercise_id: str) -> int:
        """How many hints were taken."""
        return self.standing(exercise_id).hints

    def take_hint(self, exercise_id: str) -> int:
        """Count one more hint; returns the new count."""
        self.store.write(
            (
                "INSERT INTO help (user, exercise, hints) VALUES (?, ?, 1)"
                " ON CONFLICT (user, exercise) DO UPDATE SET hints = hints + 1",
                (self.user, exercise_id),
            )
        )
        return self.hints(exercise_id)

    def open_solution(self, exercise_id: str) -> None:
        """Note that the solution was opened; the first time is the one kept."""
        self.store.write(
            (
                "INSERT INTO help (user, exercise, solution_opened_at) VALUES (?, ?, ?)"
                " ON CONFLICT (user, exercise) DO UPDATE SET"
                " solution_opened_at = coalesce(solution_opened_at, excluded.solution_opened_at)",
                (self.user, exercise_id, utc_now()),
            )
        )

    def solution_opened(self, exercise_id: str) -> bool:
        """True once the solution was opened, after a pass or before."""
        return self.standing(exercise_id).solution_opened

    def self_assess(self, exercise_id: str, band: int, points: float) -> None:
        """Note which band of the rubric the learner saw in their own text. The latest counts."""
        self.store.write(
            (
                "INSERT INTO self_assessments (user, exercise, band, points, at)"
                " VALUES (?, ?, ?, ?, ?)",
                (self.user, exercise_id, int(band), float(points), utc_now()),
            )
        )

    def self_assessed(self, exercise_id: str) -> bool:
        """True once the learner compared a text of theirs with the rubric."""
        return self.standing(exercise_id).self_assessed

    def standings(self) -> dict[str, Standing]:
        """Every exercise with a row, each as `Standing`, in three reads."""
        rows: dict[str, list[tuple[Verdict, float]]] = {}
        attempts = "SELECT exercise, verdict, points FROM attempts WHERE user = ? ORDER BY id"
        for id_, word, points in self.store.read(attempts, (self.user,)):
            rows.setdefault(id_, []).append((_verdict(word), points))
        helped = "SELECT exercise, hints, solution_opened_at FROM help WHERE user = ?"
        help_of = {row[0]: row[1:] for row in self.store.read(helped, (self.user,))}
        assessed = "SELECT exercise, points FROM self_assessments WHERE user = ? ORDER BY id"
        assessed_of = dict(self.store.read(assessed, (self.user,)))
        return {
            id_: standing_of(rows.get(id_, []), help_of.get(id_, (0, None)), assessed_of.get(id_))
            for id_ in sorted({*rows, *help_of, *assessed_of})
        }

    def record_quiz(
        self, quiz_id: str, points: float, max_points: float, answers: dict[str, Any]
    ) -> None:
        """Note one finished quiz; answers that JSON does not know are kept as their text."""
        self.store.write(
            (
                "INSERT INTO quiz_attempts (user, quiz, points, max_points, answers, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    self.user,
                    quiz_id,
                    float(points),
                    float(max_points),
                    json.dumps(answers, default=str),
                    utc_now(),
                ),
            )
        )

    def quiz_attempts(self, quiz_id: str) -> tuple[QuizAttempt, ...]:
        """Every finished run of the quiz, oldest first."""
        rows = self.store.read(
            "SELECT quiz, points, max_points, answers, at FROM quiz_attempts"
            " WHERE user = ? AND quiz = ? ORDER BY id",
            (self.user, quiz_id),
        )
        return tuple(
            QuizAttempt(quiz, points, max_points, json.loads(answers), at)
            for quiz, points, max_points, answers, at in rows
        )

    def quiz_ids(self) -> tuple[str, ...]:
        """The quizzes with at least one finished run, in alphabetical order."""
        rows = self.store.read(
            "SELECT DISTINCT quiz FROM quiz_attempts WHERE user = ?", (self.user,)
        )
        return tuple(sorted(row[0] for row in rows))

    def export(self) -> dict[str, Any]:
        """All of this user's rows as JSON-ready data."""
        return {
            "schema": SCHEMA_VERSION,
            "user": self.user,
            "exported_at": utc_now(),
            "exercises": {
                id_: self._export_exercise(id_, standing)
                for id_, standing in self.standings().items()
            },
            "quizzes": {
                id_: [
                    {
                        "points": a.points,
                        "max_points": a.max_points,
                        "answers": a.answers,
                        "at": a.at,
                    }
                    for a in self.quiz_attempts(id_)
                ]
                for id_ in self.quiz_ids()
            },
            "choices": {asked: asdict(choice) for asked, choice in self.choices.all().items()},
        }

    def reset(self, exercise_id: str) -> int:
        """Forget everything about an exercise, quiz or prediction; returns the rows removed."""
        keyed = {"attempts": "exercise", "help": "exercise", "self_assessments": "exercise"}
        keyed |= {"quiz_attempts": "quiz", "choices": "asked"}
        return self.store.write(
            *(
                (f"DELETE FROM {table} WHERE user = ? AND {key} = ?", (self.user, exercise_id))
                for table, key in keyed.items()
            )
        )

    def _export_exercise(self, exercise_id: str, standing: Standing) -> dict[str, Any]:
        return {
            "passed": standing.passed,
            "best_points": standing.points,
            "hints": standing.hints,
            "solution_opened": standing.solution_opened,
            "attempts": [
                {
                    "verdict": str(a.verdict),
                    "points": a.points,
                    "max_points": a.max_points,
                    "misconception": a.misconception,
                    "at": a.at,
                }
                for a in self.attempts(exercise_id)
            ],
            "self_assessments": [
                {"band": band, "points": points, "at": at}
                for band, points, at in self._self_assessments(exercise_id)
            ],
        }

    def _self_assessments(self, exercise_id: str) -> list[tuple[Any, ...]]:
        return self.store.read(
            "SELECT band, points, at FROM self_assessments"
            " WHERE user = ? AND exercise = ? ORDER BY id",
            (self.user, exercise_id),
        )


def _verdict(word: str) -> Verdict:
    """The verdict of a stored word; a word of another version counts as undecided."""
    return Verdict(word) if word in set(Verdict) else Verdict.INCONCLUSIVE
