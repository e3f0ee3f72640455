"""The verdict on one graded cell: by the same `judge` as at home, over a sandbox.

What ends the student's code in a question costs that question. A fault of the check itself is
never the student's: its points are None, and a person decides.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from autograder.judging.cells import Graded
from autograder.judging.sandbox_ask import SandboxAsk
from autograder.judging.typed_answers import write_typed_answers
from autograder.recording.record import ExerciseResult
from autograder.running.session import WALL_TIMES, Ended
from autograder.running.student import Student
from quantlab.base.time_limit import TimeIsUp, time_limit
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Judgement, Verdict
from quantlab.teach.quiz import judge_quiz

#: For the trusted side of a check; a plan has twice the time that its exercise says, because a
#: flaw is named by carrying out a mended one.
JUDGE_SECONDS = 120.0
PLAN_TIMES = 2

NEXT = {
    Verdict.TIMEOUT: "Is there a loop that never ends? Run the cell at home and look.",
    Verdict.KERNEL_DIED: "Restart the kernel, run the cells from the top: which one ends it?",
    Verdict.OUT_OF_MEMORY: "Which array is that large? Print its shape at home.",
    Verdict.OUTPUT_LIMIT: "Take the print out of the loop.",
}
CHOSE = re.compile(r"You chose (\w+):")
#: A question that found nothing to judge: a cell that was stopped before it is the reason.
EMPTY = frozenset({Verdict.NOT_ATTEMPTED, Verdict.ERROR})


@dataclass(frozen=True)
class Judged:
    """One graded cell: the judgement for its card, and the result for the record."""

    judgement: Judgement
    result: ExerciseResult


@dataclass(frozen=True)
class Stopped:
    """A cell before a question was stopped: why, and a sentence."""

    verdict: Verdict
    sentence: str


def is_exercise(id: str) -> bool:
    return id[:1].isdigit() and "." in id


def judge_exercise(
    graded: Graded, student: Student, seed: int, stopped: Stopped | None = None
) -> Judged:
    """Judge the answer to one exercise. Never raises."""
    started = time.perf_counter()
    kind = ""
    points: float | None = 0.0
    try:
        exercise = find(graded.id)
        kind = exercise.kind
        asking = WALL_TIMES * student.settings.cell_seconds
        judgement = _in_time(exercise, asking, lambda: _judge(exercise, student, seed))
        points = judgement.points
    except Ended as ended:
        judgement = _unjudged(graded, ended.verdict, ended.sentence, NEXT.get(ended.verdict, ""))
    except TimeIsUp:
        points = None
        judgement = _ours(graded, TimeoutError(f"{JUDGE_SECONDS:g} s"))
        if kind == "plan":
            said = "Carrying this plan out took longer than the course allows."
            step = "Ask for less, and hand in again."
            judgement = _unjudged(graded, Verdict.TIMEOUT, said, step)
    except Exception as fault:
        judgement = _ours(graded, fault)
        points = None
    if stopped is not None and judgement.verdict in EMPTY:
        step = NEXT.get(stopped.verdict, "")
        judgement, points = _unjudged(graded, stopped.verdict, stopped.sentence, step), 0.0
    elif judgement.verdict is Verdict.INCONCLUSIVE or points is None:
        points = None
    elif not 0 <= points <= graded.points:
        judgement, points = _ours(graded, ValueError(f"{points} of {graded.points} points")), None
    return _judged(graded, judgement, points, kind, seed, time.perf_counter() - started)


def judge_answers_file(
    graded: Graded, answers: Mapping[str, bytes], cells: Sequence[NotebookNode]
) -> Judged:
    """Judge the answers to a quiz: from the file beside the notebook, or else those that stand in
    its cells as code. Never raises."""
    started = time.perf_counter()
    points: float | None = None
    try:
        with tempfile.TemporaryDirectory(prefix="quantlab-quiz-") as folder:
            quiz, path = load_quiz(graded.id), Path(folder) / f"{graded.id}.answers.json"
            if path.name in answers:
                path.write_bytes(answers[path.name])
            else:
                write_typed_answers(cells, quiz, Path(folder))
            judgement = judge_quiz(quiz, path)
        points = None if judgement.verdict is Verdict.INCONCLUSIVE else judgement.points
    except Exception as fault:
        judgement = _ours(graded, fault)
    return _judged(graded, judgement, points, "quiz", None, time.perf_counter() - started)


def _judge(exercise: Exercise, student: Student, seed: int) -> Judgement:
    """The judge's word; again where a forbidden function was seen to run only in the answers."""
    ask = SandboxAsk(student, exercise, student.settings.cell_seconds)
    judgement = judge(exercise, ask, seed)
    return judge(exercise, ask, seed) if ask.used else judgement


def _in_time(exercise: Exercise, asking: float, work: Callable[[], Judgement]) -> Judgement:
    """The judge's own time, beside what the answers may take to come (`asking`)."""
    seconds = PLAN_TIMES * exercise.seconds if exercise.kind == "plan" else JUDGE_SECONDS
    with time_limit(seconds + 2 * asking):
        return work()


def _judged(
    graded: Graded,
    judgement: Judgement,
    points: float | None,
    kind: str,
    seed: int | None,
    seconds: float,
) -> Judged:
    judgement = replace(judgement, points=points or 0.0, max_points=graded.points)
    chosen = CHOSE.match(judgement.observed) if kind == "choice" else None
    result = ExerciseResult(
        id=graded.id,
        verdict=str(judgement.verdict),
        points=points,
        max_points=graded.points,
        misconception=judgement.misconception,
        pattern=judgement.pattern,
        observed=judgement.observed,
        next_step=judgement.next_step,
        cell=graded.cell,
        kind=kind,
        chosen=chosen[1] if chosen else None,
        seed=seed,
        seconds=round(seconds, 3),
    )
    return Judged(judgement, result)


def _unjudged(graded: Graded, verdict: Verdict, observed: str, step: str) -> Judgement:
    title = ""
    if is_exercise(graded.id):
        title = find(graded.id).title
    return Judgement(
        graded.id, title, verdict, 0.0, graded.points, observed=observed, next_step=step
    )


def _ours(graded: Graded, fault: Exception) -> Judgement:
    said = f"The check of {graded.id} stopped with {type(fault).__name__}: {str(fault)[:200]}."
    return Judgement(graded.id, "", Verdict.GRADER_ERROR, 0.0, graded.points, observed=said)
