"""The reference solution of an exercise: when it opens, and where this copy has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from quantlab.learn.course import course_root
from quantlab.learn.standing import Standing
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.source import read_lesson, without_markers

#: A solution opens after a pass or this many finished attempts.
ATTEMPTS_BEFORE_SOLUTION = 3
#: Of cells: those that hold an answer.
KINDS = ("exercise", "written")


def until_it_opens(exercise: Exercise, standing: Standing) -> str:
    """What a learner still has to do before the solution opens; "" when it is open."""
    left = ATTEMPTS_BEFORE_SOLUTION - standing.attempts
    if standing.done or left <= 0:
        return ""
    if exercise.kind == "written":
        return (
            "The solution opens once you have placed your answer in a band: "
            f'`check("{exercise.id}", band=1)`.'
        )
    return f"The solution opens after a pass, or after {left} more finished attempts."


def has_solution(exercise: Exercise) -> bool:
    """True where the source of the exercise's lesson lies in this copy of the course."""
    return any(True for _ in _sources(exercise))


def solution_code(exercise: Exercise) -> str | None:
    """The exercise's cell from the lesson source with the solution in place, if it is there."""
    for path in _sources(exercise):
        answer = answers_in(path).get(exercise.id)
        if answer is not None:
            return answer
    return None


def answers_in(path: Path) -> dict[str, str]:
    """Id of each exercise -> its cell with the solution in place.

    path  a lesson source; or what this function says of one, in JSON, where nothing reads sources.
    """
    if path.suffix == ".json":
        packed: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return packed
    cells = [cell for cell in read_lesson(path) if cell.tag and cell.tag.kind in KINDS]
    return {cell.tag.id: without_markers(cell.source) for cell in cells if cell.tag}


def _sources(exercise: Exercise) -> Iterator[Path]:
    try:
        folder = course_root() / "solutions"
    except FileNotFoundError:
        return
    for path in sorted(folder.glob(f"{exercise.lesson:02d}_*/*")):
        if path.stem == path.parent.name and path.suffix in (".py", ".json"):
            yield path
