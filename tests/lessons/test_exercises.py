"""Every exercise: its checker accepts what is right, and rejects and names what is not.

Nothing here knows a lesson: a new lesson is covered as soon as its exercises and its source exist.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.alternatives import alternatives_of
from autograder.instructor import exercise_ids, instructor_notebook
from autograder.quality import (
    ALTERNATIVES_AT_LEAST,
    MISCONCEPTIONS_AT_LEAST,
    doctest_problems,
    reference_namespace,
    stub_namespace,
)
from autograder.stubs import FittingStubs
from quantlab.learn.ask import LocalAsk
from quantlab.learn.exercise import Exercise, all_exercises
from quantlab.learn.judge import judge
from quantlab.learn.source import read_lesson
from quantlab.learn.verdict import Verdict

ROOT = Path(__file__).parents[2]
SEEDS = range(20)

EXERCISES = all_exercises()
FUNCTIONS = [e for e in EXERCISES if e.kind == "function"]
JUDGED = [e for e in EXERCISES if e.kind in ("function", "value")]
WRONG = [(e, m) for e in JUDGED for m in e.misconceptions]


def _id(value: Any) -> str:
    return getattr(value, "id", None) or getattr(value, "name", str(value))


def _lesson_of(exercise: Exercise) -> Path:
    sources = (ROOT / "solutions").glob(f"{exercise.lesson:02d}_*/*.py")
    return next(path for path in sources if path.stem == path.parent.name)


@cache
def _solved(path: Path) -> dict[str, Any]:
    return reference_namespace(read_lesson(path))


@cache
def _empty(path: Path) -> dict[str, Any]:
    """The names of a student copy: the gaps as the build leaves them."""
    notebook, _ = FittingStubs().preprocess(instructor_notebook(path), {})
    gaps = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    return stub_namespace(read_lesson(path), gaps)


def _answering(exercise: Exercise, wrong: Any) -> LocalAsk:
    if exercise.kind == "value":
        return LocalAsk({name: wrong(name) for name in exercise.values})
    return _Unread({exercise.answer: wrong})


class _Unread(LocalAsk):
    """A wrong answer that leans on the library is judged by its results, not by its source."""

    def source(self, name: str) -> str | None:
        return None


def test_there_are_exercises_and_each_stands_in_its_lesson() -> None:
    assert EXERCISES
    for exercise in EXERCISES:
        assert exercise.id in exercise_ids(read_lesson(_lesson_of(exercise)))


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_its_specification_is_complete(exercise: Exercise) -> None:
    assert len(exercise.hints) == len(set(exercise.hints)) == 3
    assert all(hint.strip() for hint in exercise.hints)
    assert 1 <= exercise.difficulty <= 5
    assert 1 <= exercise.importance <= 5
    assert exercise.minutes > 0
    if exercise.kind == "choice":
        assert [o.right for o in exercise.options.values()].count(True) == 1
    if exercise.kind == "written":
        bands = [band.points for band in exercise.rubric]
        assert bands == sorted(bands, reverse=True)
        assert bands[0] == exercise.points


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_wrong_answers_are_answered_with_a_question(exercise: Exercise) -> None:
    for wrong in exercise.misconceptions:
        assert wrong.question.endswith("?"), wrong.name
    for key, option in exercise.options.items():
        assert option.right or option.feedback.endswith("?"), key


@pytest.mark.parametrize("exercise", JUDGED, ids=_id)
def test_the_points_of_its_parts_are_its_points(exercise: Exercise) -> None:
    for seed in SEEDS:
        assert sum(group.points for group in exercise.groups(seed)) == exercise.points


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_a_function_gives_partial_credit(exercise: Exercise) -> None:
    assert len(exercise.groups(0)) >= 2


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_it_knows_enough_wrong_answers(exercise: Exercise) -> None:
    assert len(exercise.misconceptions) >= MISCONCEPTIONS_AT_LEAST
    assert len({m.name for m in exercise.misconceptions}) == len(exercise.misconceptions)


@pytest.mark.parametrize(("exercise", "wrong"), WRONG, ids=_id)
def test_a_wrong_answer_is_rejected_and_named(exercise: Exercise, wrong: Any) -> None:
    for seed in SEEDS:
        said = judge(exercise, _answering(exercise, wrong.wrong), seed)
        assert not said.passed, f"seed {seed}"
        assert said.points < exercise.points, f"seed {seed}"
        assert said.misconception == wrong.name, f"seed {seed}"
        assert said.cause == wrong.question


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_the_reference_earns_everything(exercise: Exercise) -> None:
    for seed in SEEDS:
        said = judge(exercise, LocalAsk(_solved(_lesson_of(exercise))), seed)
        if exercise.kind == "written":
            assert said.verdict is Verdict.INCONCLUSIVE
        else:
            assert said.verdict is Verdict.CORRECT, f"seed {seed}: {said.observed}"
            assert said.points == exercise.points


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_the_empty_gap_is_not_attempted(exercise: Exercise) -> None:
    said = judge(exercise, LocalAsk(_empty(_lesson_of(exercise))))
    assert said.verdict is Verdict.NOT_ATTEMPTED
    assert said.points == 0


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_right_answers_written_differently_are_accepted(exercise: Exercise) -> None:
    others = alternatives_of(_lesson_of(exercise).parent).get(exercise.id, [])
    assert len(others) >= ALTERNATIVES_AT_LEAST
    for answer in others:
        for seed in SEEDS:
            said = judge(exercise, LocalAsk({exercise.answer: answer}), seed)
            assert said.passed, f"{answer.__name__}, seed {seed}: {said.observed}"
            assert said.points == exercise.points


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_the_example_in_its_docstring_runs(exercise: Exercise) -> None:
    assert list(doctest_problems(exercise, _solved(_lesson_of(exercise)))) == []


def _numbers_in(text: str) -> set[str]:
    """The numbers a sentence prints, each in four significant digits."""
    plain = text.replace("−", "-").replace(",", "")
    return {f"{float(n):.4g}" for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", plain)}


def _scalars(value: Any) -> list[float]:
    if isinstance(value, tuple | list):
        return [number for part in value for number in _scalars(part)]
    if isinstance(value, dict):
        return _scalars(list(value.values()))
    array = np.asarray(value)
    return [float(n) for n in array.ravel()] if array.dtype.kind in "biuf" else []


@pytest.mark.parametrize(("exercise", "wrong"), WRONG, ids=_id)
def test_what_is_said_does_not_give_the_answer_away(exercise: Exercise, wrong: Any) -> None:
    """A right number may only be printed if it stands in the question or in the learner's answer.

    0, 1 and the ends of a type occur in any sentence and give nothing away. The picture is held to
    the same rule through its text, which says what it shows.
    """
    innocent = {"0", "1", "-128", "127", "255", "256"}
    for seed in range(3):
        said = judge(exercise, _answering(exercise, wrong.wrong), seed)
        cases = [case for group in exercise.groups(seed) for case in group.cases]
        assert exercise.oracle is not None
        for case in cases:
            try:
                want = exercise.oracle(*case)
                got = wrong.wrong(*case)
            except Exception:  # a case that asks for an error has no number to give away
                continue
            if str(exercise.comparator(case)(got, want)) == "":
                continue
            given = {f"{n:.4g}" for n in (*_scalars(got), *_scalars(list(case)))}
            secret = {f"{n:.4g}" for n in _scalars(want)} - given - innocent
            assert not secret & _numbers_in(said.observed), said.observed
            break
