"""Every exercise: its checker accepts what is right, and rejects and names what is not.

Nothing here knows a lesson: a new lesson is covered as soon as its exercises and its source exist.
The rules are those of `autograder lint` (`autograder.authoring.quality`), here on many more seeds.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.instructor import exercise_ids
from autograder.authoring.quality import (
    Unread,
    alternative_problems,
    as_answer,
    doctest_problems,
    misconception_problems,
    reference_namespace,
    reference_problems,
    specification_problems,
    stub_namespace,
    stub_problems,
)
from autograder.commands.lint import stubs_of
from quantlab.lessons.catalogue import all_exercises
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
SEEDS = range(20)

EXERCISES = all_exercises()
FUNCTIONS = [e for e in EXERCISES if e.kind == "function"]
#: A plan takes its time and is the same on every seed: `autograder lint` carries it out once.
ON_SEEDS = [e for e in EXERCISES if e.kind != "plan"]
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
    copy = ROOT / "notebooks" / path.stem / f"{path.stem}.ipynb"
    return stub_namespace(read_lesson(path), stubs_of(copy))


def test_there_are_exercises_and_each_stands_in_its_lesson() -> None:
    assert EXERCISES
    for exercise in EXERCISES:
        assert exercise.id in exercise_ids(read_lesson(_lesson_of(exercise)))


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_its_specification_is_complete(exercise: Exercise) -> None:
    assert list(specification_problems(exercise, SEEDS)) == []


@pytest.mark.parametrize("exercise", JUDGED, ids=_id)
def test_every_wrong_answer_is_rejected_and_named(exercise: Exercise) -> None:
    assert list(misconception_problems(exercise, SEEDS)) == []


@pytest.mark.parametrize("exercise", ON_SEEDS, ids=_id)
def test_the_reference_earns_everything(exercise: Exercise) -> None:
    assert list(reference_problems(exercise, _solved(_lesson_of(exercise)), SEEDS)) == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=_id)
def test_the_empty_gap_is_not_attempted(exercise: Exercise) -> None:
    assert list(stub_problems(exercise, _empty(_lesson_of(exercise)))) == []


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_right_answers_written_differently_are_accepted(exercise: Exercise) -> None:
    others = alternatives_of(_lesson_of(exercise).parent).get(exercise.id, [])
    assert list(alternative_problems(exercise, others, SEEDS)) == []


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=_id)
def test_the_example_in_its_docstring_runs(exercise: Exercise) -> None:
    assert list(doctest_problems(exercise, _solved(_lesson_of(exercise)))) == []


ODD = (
    None, True, -1, 10**30, 0.0, float("nan"), float("inf"), "", "text", [], [None], (1,), {},
    (float("nan"), float("inf")), (0, 0), ("a", "b"), [[1], [2, 3]], np.array([]), np.zeros((2, 0)),
    np.array([np.nan, np.inf]), np.array(True), np.full((3, 3), 300), np.array(1 + 2j), object(),
)  # fmt: skip


@pytest.mark.parametrize("exercise", JUDGED, ids=_id)
def test_no_answer_however_odd_stops_the_judge(exercise: Exercise) -> None:
    """Own words and pictures of an exercise meet whatever a learner returns."""
    for odd in ODD:
        names = dict.fromkeys(exercise.answers, odd)
        if exercise.kind == "function":
            names = {exercise.answer: lambda *args, odd=odd: odd}
        said = judge(exercise, Unread(names))
        assert said.verdict in (Verdict.INCORRECT, Verdict.ERROR), odd
        assert said.observed, odd


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
        said = judge(exercise, Unread(as_answer(exercise, wrong.wrong)), seed)
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
            counted = re.sub(r"\d+ of \d+ values", "", said.observed)  # how many, not which
            assert not secret & _numbers_in(counted), said.observed
            break
