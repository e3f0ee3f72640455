"""The three verbs of a notebook: `check("1.2")`, `hint("1.2")`, `solution("1.2")`.

Effects live here: the learner's namespace is read, progress is written, a card is shown. Alone, a
check shows a card and records an attempt. Under nbgrader the same call shows the card and returns
the points, and records nothing.

Alone, an answer has `Exercise.seconds` to be judged; a class grader has a limit of its own. "Run
All" takes no hint: a hint cell that was queued behind another cell shows the last one again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from quantlab.base.time_limit import TimeIsUp, time_limit
from quantlab.learn.cell_runs import RUNS, Stale
from quantlab.learn.examples import examples_line
from quantlab.learn.progress import Progress, open_progress
from quantlab.learn.reference import has_solution, solution_code, until_it_opens
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.card import BLUE, Card, judgement_card, rubric_lines
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Judgement, Verdict


def check(id: str, *, band: int | None = None) -> Card | float:
    """Judge the answer to one exercise, or a quiz, and say what was seen.

    id    an exercise such as "1.2", or a quiz such as "quick_test".
    band  for a written answer: the band of the rubric that you find fits it, counted from 1.

    Returns a `Card` for the notebook; under nbgrader (`NBGRADER_EXECUTION`) the points as a float.
    """
    if not isinstance(id, str):
        return _no_text("check", id)
    graded = "NBGRADER_EXECUTION" in os.environ
    started = time.perf_counter()
    extra: tuple[tuple[str, str], ...] = ()
    try:
        if not _is_exercise(id):
            judgement = _judge_quiz(id)
        else:
            exercise = _find(id)
            if not graded and (stale := RUNS.stale(exercise.answers)):
                return judgement_card(_from_before(exercise, stale))
            judgement = _judge(exercise, None if graded else exercise.seconds)
            extra = _written_lines(exercise, judgement) + _examples(exercise, judgement)
            if not graded:
                judgement = _keep(exercise, judgement, band, time.perf_counter() - started)
                extra += (*_after_a_pass(exercise, judgement), *_noticed(open_progress()))
    except KeyError as said:
        return _sentence(said.args[0])
    if not graded:
        return judgement_card(judgement, extra)
    from IPython.display import display

    display(judgement_card(judgement))
    return judgement.points


def hint(id: str) -> Card:
    """The next of three hints: where to look, which relation, almost the line.

    A cell that "Run All" started takes none: it shows the last one again.
    """
    if not isinstance(id, str):
        return _no_text("hint", id)
    try:
        exercise = _find(id)
    except KeyError as said:
        return _sentence(said.args[0])
    progress = open_progress()
    taken = progress.hints(exercise.id) if RUNS.queued else progress.take_hint(exercise.id)
    if not taken:
        return _sentence("“Run All” takes no hint. Run this cell alone for the first one.")
    step = min(taken, len(exercise.hints))
    more = f'`hint("{id}")` again gives the next one.' if step < len(exercise.hints) else ""
    if not more:
        more = f'That was the last hint. `solution("{id}", anyway=True)` shows the solution.'
    heading = f"Hint {step} of {len(exercise.hints)} — {exercise.id} · {exercise.title}"
    lines = (("", exercise.hints[step - 1]), ("Then", more), *_noticed(progress))
    return Card(heading, lines, colour=BLUE)


def solution(id: str, anyway: bool = False) -> Card:
    """The reference solution: after a pass, three finished attempts, or with `anyway=True`.

    That of a written answer opens once the learner has placed theirs in a band of the rubric.
    """
    if not isinstance(id, str):
        return _no_text("solution", id)
    try:
        exercise = _find(id)
    except KeyError as said:
        return _sentence(said.args[0])
    if "NBGRADER_EXECUTION" in os.environ:
        return _sentence("Solutions stay shut while a submission is graded.")
    progress = open_progress()
    if not anyway and (wait := until_it_opens(exercise, progress.standing(exercise.id))):
        return Card(
            f"Not open yet — {exercise.id} · {exercise.title}",
            (
                ("", wait),
                ("Now", f'`solution("{id}", anyway=True)` opens it at once.'),
                *_noticed(progress),
            ),
        )
    code = solution_code(exercise)
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


def _judge(exercise: Exercise, seconds: float | None) -> Judgement:
    """Judge this notebook's answer. A fault of the check itself is never the learner's.

    seconds  how long it may take; None leaves that to whoever runs the notebook.
    """
    try:
        seed = int(os.environ.get("QUANTLAB_SEED", "0"))
        with time_limit(seconds) if seconds else contextlib.nullcontext():
            return judge(exercise, LocalAsk(_namespace()), seed)
    except TimeIsUp:
        return _unjudged(
            exercise,
            Verdict.TIMEOUT,
            f"The answer took longer than {seconds:g} s, and the check stopped it.",
            "Is there a loop that never ends? What makes its condition false?",
            opening="Took too long",
        )
    except KeyboardInterrupt:
        return _unjudged(
            exercise, Verdict.ERROR, "You stopped the check.", "Run it again when you like."
        )
    except Exception as fault:
        said = f"The check of {exercise.id} stopped with {type(fault).__name__}: {fault}."
        return _unjudged(
            exercise, Verdict.GRADER_ERROR, said, "Please report it; nothing is counted."
        )


def _unjudged(
    exercise: Exercise, verdict: Verdict, observed: str, step: str, opening: str = ""
) -> Judgement:
    return Judgement(
        exercise.id,
        exercise.title,
        verdict,
        0.0,
        exercise.points,
        observed=observed,
        next_step=step,
        opening=opening,
    )


def _from_before(exercise: Exercise, stale: Stale) -> Judgement:
    """The answer in memory is not the one on the screen, so it is not judged."""
    if stale.error:
        said = f"The last run of the cell that defines `{stale.name}` failed: {stale.error}."
        step = "Mend what the error names, run the cell, and check again."
        opening = "The last run failed"
    else:
        said = f"The cell that defined `{stale.name}` has run again and defines it no longer."
        step = f"Is the name still `{stale.name}`, spelled so? Run the cell, and check again."
        opening = "Not defined any more"
    said += " What is in memory is your answer from before."
    return _unjudged(exercise, Verdict.ERROR, said, step, opening)


def _after_a_pass(exercise: Exercise, judgement: Judgement) -> tuple[tuple[str, str], ...]:
    """Where to compare, and what comes next."""
    if not judgement.passed:
        return ()
    compare = f'`solution("{exercise.id}")` shows how the course writes it.'
    rest = [e for e in catalogue().of_lesson(exercise.lesson) if e.id != exercise.id]
    later = [e for e in rest if _place(e) > _place(exercise)]
    onward = (
        f"{later[0].id} · {later[0].title}" if later else "That was the lesson's last exercise."
    )
    lines = (("Compare", compare),) if has_solution(exercise) else ()
    return (*lines, ("Next", onward))


def _place(exercise: Exercise) -> list[int]:
    return [int(part) for part in exercise.id.split(".")]


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


def _examples(exercise: Exercise, judgement: Judgement) -> tuple[tuple[str, str], ...]:
    """Without an oracle, the examples that the exercise itself shows are what can be tried."""
    written = exercise.keyless and judgement.verdict is Verdict.INCONCLUSIVE
    if not written or exercise.kind != "function":
        return ()
    return examples_line(_namespace().get(exercise.answer), exercise.seconds)


def _judge_quiz(id: str) -> Judgement:
    from quantlab.teach.quiz import judge_quiz

    return judge_quiz(catalogue().load_quiz(id), Path(f"{id}.answers.json"))


def _no_text(verb: str, id: object) -> Card:
    return _sentence(
        f"An id is a text: `{verb}({id!r})` got a number, and as a number 1.10 is 1.1. "
        f'Put it in quotes, `{verb}("1.2")`.'
    )


def _sentence(text: str) -> Card:
    return Card("Nothing to show", (("", text),))
