"""The records that learners gave away: what `quantlab progress export FILE --for-items` wrote.

The files are strangers'. Nothing in them is believed beyond its type: an exercise or a quiz that
the course does not have is left out, and so is an answer that its quiz could not have produced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlab.learn.export import FOR, SCHEMA
from quantlab.lessons.catalogue import all_exercises, load_quiz, quiz_ids
from quantlab.teach.judging.verdict import FINISHED, Verdict
from quantlab.teach.quiz.answers import Answers, clean_answers

#: A record of the whole course is some tens of KiB.
LARGEST_FILE = 1 << 20
HOW = "expected is what `quantlab progress export FILE --for-items` writes"


@dataclass(frozen=True)
class Tried:
    """One exercise of one learner.

    right           of each finished attempt, in order: whether it was.
    misconceptions  that were named, each once.
    """

    right: tuple[bool, ...]
    misconceptions: frozenset[str]
    hints: int
    solution_opened: bool

    @property
    def passed(self) -> bool:
        return any(self.right)


@dataclass(frozen=True)
class Learner:
    """One file: {exercise id: Tried}, those with a finished attempt, and {quiz id: answers}."""

    exercises: Mapping[str, Tried]
    quizzes: Mapping[str, Answers]


def read_learners(folder: Path) -> tuple[tuple[Learner, ...], tuple[str, ...]]:
    """The records in a folder, one file a learner, and a sentence for each file that is none.

    Raises OSError where the folder cannot be read.
    """
    found, refused = [], []
    for path in sorted(p for p in folder.iterdir() if p.suffix == ".json"):
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"it is no ordinary file of at most {LARGEST_FILE >> 20} MiB")
            found.append(_learner(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, RecursionError) as fault:
            refused.append(f"{path.name} is left out: {_short(fault)}; {HOW}.")
    return tuple(found), tuple(refused)


def _learner(data: Any) -> Learner:
    if not isinstance(data, dict) or data.get("for") != FOR:
        raise ValueError("it is no learner's record for items")
    if data.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {data.get('schema')!r} and not {SCHEMA}")
    known = {exercise.id: {m.name for m in exercise.misconceptions} for exercise in all_exercises()}
    exercises, quizzes = _mapping(data, "exercises"), _mapping(data, "quizzes")
    tried = {id: _tried(exercises[id], known[id]) for id in known if id in exercises}
    return Learner(
        {id: one for id, one in tried.items() if one.right},
        {id: clean_answers(load_quiz(id), quizzes[id]) for id in quiz_ids() if id in quizzes},
    )


def _tried(data: Any, known: set[str]) -> Tried:
    attempts = data.get("attempts") if isinstance(data, dict) else None
    if not isinstance(attempts, list) or not all(isinstance(one, dict) for one in attempts):
        raise ValueError("an exercise of it has no list of attempts")
    hints = data.get("hints")
    if type(hints) is not int or hints < 0:
        raise ValueError("an exercise of it has no number of hints")
    verdicts = [one.get("verdict") for one in attempts]
    return Tried(
        tuple(verdict == Verdict.CORRECT for verdict in verdicts if verdict in FINISHED),
        frozenset(known & {str(one.get("misconception")) for one in attempts}),
        hints,
        data.get("solution_opened") is True,
    )


def _mapping(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"it has no {name}")
    return value


def _short(fault: Exception) -> str:
    return str(fault).rstrip(".").splitlines()[0][:160] if str(fault) else type(fault).__name__
