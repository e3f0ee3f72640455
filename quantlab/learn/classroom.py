"""The three verbs of a notebook: `check("1.2")`, `hint("1.2")`, `solution("1.2")`.

Effects live here: the learner's namespace is read, progress is written, a card is shown. Alone, a
check shows a card and records an attempt. Under nbgrader the same call shows the card and returns
the points, and records nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from quantlab.learn.progress import Progress, open_progress
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.card import BLUE, Card, judgement_card, rubric_lines
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Judgement, Verdict

#: A solution opens after a pass or this many finished attempts.
ATTEMPTS_BEFORE_SOLUTION = 3


def check(id: str, *, band: int | None = None) -> Card | float:
    """Judge the answer to one exercise, or a quiz, and say what was seen.

    id    an exercise such as "1.2", or a quiz such as "quick_test".
    band  for a written answer: the band of the rubric that you find fits it, counted from 1.

    Returns a `Card` for the notebook; under nbgrader (`NBGRADER_EXECUTION`) the points as a float.
    """
    graded = "NBGRADER_EXECUTION" in os.environ
    started = time.perf_counter()
    extra: tuple[tuple[str, str], ...] = ()
    try:
        if not _is_exercise(id):
            judgement = _judge_quiz(id)
        else:
            exercise = _find(id)
            judgement = _judge(exercise)
            extra = _written_lines(exercise, judgement)
            if not graded:
                judgement = _keep(exercise, judgement, band, time.perf_counter() - started)
                extra += _noticed(open_progress())
    except KeyError as said:
        return _sentence(said.args[0])
    if not graded:
        return judgement_card(judgement, extra)
    from IPython.display import display

    display(judgement_card(judgement))
    return judgement.points


def hint(id: str) -> Card:
    """The next of three hints: where to look, which relation, almost the line."""
    try:
        exercise = _find(id)
    except KeyError as said:
        return _sentence(said.args[0])
    progress = open_progress()
    step = min(progress.take_hint(exercise.id), len(exercise.hints))
    more = f'`hint("{id}")` again gives the next one.' if step < len(exercise.hints) else ""
    if not more:
        more = f'That was the last hint. `solution("{id}", anyway=True)` shows the solution.'
    heading = f"Hint {step} of {len(exercise.hints)} — {exercise.id} · {exercise.title}"
    lines = (("", exercise.hints[step - 1]), ("Then", more), *_noticed(progress))
    return Card(heading, lines, colour=BLUE)


def solution(id: str, anyway: bool = False) -> Card:
    """The reference solution: after a pass, three finished attempts, or with `anyway=True`."""
    try:
        exercise = _find(id)
    except KeyError as said:
        return _sentence(said.args[0])
    if "NBGRADER_EXECUTION" in os.environ:
        return _sentence("Solutions stay shut while a submission is graded.")
    progress = open_progress()
    left = ATTEMPTS_BEFORE_SOLUTION - progress.finished_attempts(exercise.id)
    if not anyway and not progress.passed(exercise.id) and left > 0:
        return Card(
            f"Not open yet — {exercise.id} · {exercise.title}",
            (
                ("", f"The solution opens after a pass, or after {left} more finished attempts."),
                ("Now", f'`solution("{id}", anyway=True)` opens it at once.'),
                *_noticed(progress),
            ),
        )
    code = _solution_code(exercise)
    if code is None:
        return _sentence(
            "This copy of the course has no solutions: your class keeps them. Ask your instructor."
        )
    progress.open_solution(exercise.id)
    heading = f"Solution — {exercise.id} · {exercise.title}"
    return Card(heading, _noticed(progress), code=code, colour=BLUE)


def _find(id: str) -> Exercise:
    found: Exercise = catalogue().find(id)
    return found


def catalogue() -> ModuleType:
    """The lessons' catalogue. KeyError with one sentence where answers run without the lessons.

    A grader keeps the lessons, and with them what they expect, away from the answers that it runs.
    """
    name = "quantlab.lessons.catalogue"
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name not in (name, "quantlab.lessons"):
            raise
    raise KeyError("Answers run here without the lessons: they are checked elsewhere.")


def _is_exercise(id: str) -> bool:
    return str(id)[:1].isdigit() and "." in str(id)


def _judge(exercise: Exercise) -> Judgement:
    """Judge this notebook's answer. A fault of the check itself is never the learner's."""
    try:
        seed = int(os.environ.get("QUANTLAB_SEED", "0"))
        return judge(exercise, LocalAsk(_namespace()), seed)
    except KeyboardInterrupt:
        return _unjudged(
            exercise, Verdict.ERROR, "You stopped the check.", "Run it again when you like."
        )
    except Exception as fault:
        said = f"The check of {exercise.id} stopped with {type(fault).__name__}: {fault}."
        return _unjudged(
            exercise, Verdict.GRADER_ERROR, said, "Please report it; nothing is counted."
        )


def _unjudged(exercise: Exercise, verdict: Verdict, observed: str, step: str) -> Judgement:
    return Judgement(
        exercise.id,
        exercise.title,
        verdict,
        0.0,
        exercise.points,
        observed=observed,
        next_step=step,
    )


def _namespace() -> Mapping[str, Any]:
    """The notebook's names; outside IPython, those of the first caller outside this module."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        return dict(shell.user_ns)
    frame = sys._getframe(1)
    while frame.f_globals is globals() and frame.f_back is not None:
        frame = frame.f_back
    return dict(frame.f_globals) | dict(frame.f_locals)


def _keep(exercise: Exercise, judgement: Judgement, band: int | None, seconds: float) -> Judgement:
    """Write the attempt down, and a written answer's own assessment where the learner gave one."""
    progress = open_progress()
    if band is not None and judgement.verdict is Verdict.INCONCLUSIVE:
        judgement = _self_assessed(exercise, judgement, band, progress)
    if judgement.verdict is not Verdict.GRADER_ERROR:
        progress.record(judgement, seconds)
    return judgement


def _noticed(progress: Progress) -> tuple[tuple[str, str], ...]:
    """The line of a card that says what became of the progress file, once."""
    notice = progress.notice
    return (("Progress", notice),) if notice else ()


def _self_assessed(
    exercise: Exercise, judgement: Judgement, band: int, progress: Progress
) -> Judgement:
    if not 1 <= band <= len(exercise.rubric):
        said = f"Band {band} is not in the rubric; expected is 1 to {len(exercise.rubric)}."
        return replace(judgement, observed=said)
    points = exercise.rubric[band - 1].points
    progress.self_assess(exercise.id, band, points)
    return replace(
        judgement,
        points=points,
        observed=f"You chose band {band}: {points:g} of {exercise.points:g} points.",
        next_step="",
    )


def _written_lines(exercise: Exercise, judgement: Judgement) -> tuple[tuple[str, str], ...]:
    """The rubric opens once there is an answer to compare with it."""
    return rubric_lines(exercise) if judgement.verdict is Verdict.INCONCLUSIVE else ()


def _judge_quiz(id: str) -> Judgement:
    from quantlab.teach.quiz import judge_quiz

    return judge_quiz(catalogue().load_quiz(id), Path(f"{id}.answers.json"))


def _solution_code(exercise: Exercise) -> str | None:
    """The exercise's cell from the lesson source with the solution in place, if it is there."""
    from quantlab.learn.course import course_root
    from quantlab.teach.source import read_lesson, without_markers

    try:
        folder = course_root() / "solutions"
    except FileNotFoundError:
        return None
    for path in sorted(folder.glob(f"{exercise.lesson:02d}_*/*.py")):
        if path.stem != path.parent.name:
            continue
        for cell in read_lesson(path):
            if cell.tag and cell.tag.kind in ("exercise", "written") and cell.tag.id == exercise.id:
                return without_markers(cell.source)
    return None


def _sentence(text: str) -> Card:
    return Card("Nothing to show", (("", text),))
