"""Answers that learners wrote: rejected on every seed with the same points, and a true reason.

They were judged wrongly once: full points for a wrong one, a name that was not the truth, a right
one refused. Each stands in `learners/`, one file a lesson, beside what is true of it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.authoring.quality import reference_namespace
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Judgement
from quantlab.teach.quiz import score
from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
SEEDS = range(20)

_FILES = [
    import_module(f"tests.lessons.learners.{path.stem}")
    for path in sorted((ROOT / "tests" / "lessons" / "learners").glob("lesson_*.py"))
]
#: By exercise and name: what is true of the answer, and the answer. "" where nothing has a name.
WRONG = {key: value for file in _FILES for key, value in file.WRONG.items()}
RIGHT = {key: code for file in _FILES for key, code in file.RIGHT.items()}


@cache
def _solved(lesson: int) -> dict[str, Any]:
    source = next((ROOT / "solutions").glob(f"{lesson:02d}_*/{lesson:02d}_*.py"))
    return reference_namespace(read_lesson(source))


def judged(exercise_id: str, code: str, seeds: range = SEEDS) -> list[Judgement]:
    """One answer on each seed, in a notebook where all other exercises are solved."""
    exercise = find(exercise_id)
    names = {**_solved(exercise.lesson), "np": np}
    exec(code, names)
    return [judge(exercise, LocalAsk(names), seed) for seed in seeds]


def test_every_answer_stands_in_the_file_of_its_lesson() -> None:
    for file in _FILES:
        lessons = {find(exercise).lesson for exercise, _ in {**file.WRONG, **file.RIGHT}}
        assert lessons == {int(file.__name__[-2:])}


@pytest.mark.parametrize("key", WRONG, ids="-".join)
def test_a_wrong_answer_loses_the_same_points_on_every_seed_for_its_true_reason(
    key: tuple[str, str],
) -> None:
    reason, code = WRONG[key]
    said = judged(key[0], code)
    assert not any(one.passed for one in said)
    assert len({one.points for one in said}) == 1
    assert {one.misconception or one.pattern or "" for one in said} == {reason}
    assert all(one.cause for one in said)


@pytest.mark.parametrize("key", RIGHT, ids="-".join)
def test_a_right_answer_is_right_however_it_is_written(key: tuple[str, str]) -> None:
    assert all(one.passed for one in judged(key[0], RIGHT[key]))


def test_where_two_reasons_fit_both_are_said_and_none_is_named() -> None:
    (said,) = judged("1.1", WRONG["1.1", "scale_three_decimals"][1], range(1))
    assert (said.misconception, said.points) == (None, 2)
    assert said.cause.startswith("2 things would give exactly this.")
    assert "256 levels" in said.cause
    assert "3 decimals" in said.cause


def ruler_in_arrays(lo, hi):
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255
    return np.array([scale]), np.array([round(-lo / scale)])


def ticks_in_a_list(x, scale, zero_point):
    return np.clip(np.rint(x / np.float32(scale)) + zero_point, 0, 255).astype(int).tolist()


def test_what_is_said_of_a_list_that_was_sorted_is_about_lists() -> None:
    (said,) = judged("4.5", WRONG["4.5", "sorts_in_place"][1], range(1))
    assert "`sorted(c)` makes a new list; `c.sort()`" in said.cause
    assert "x / s" not in said.cause


def uses_a_variable_called_ql(x, scale, zero_point):
    ql, qh = 0, 255
    return np.clip(np.rint(x / np.float32(scale)) + zero_point, ql, qh).astype(np.uint8)


def test_what_is_said_of_a_one_element_array_is_true() -> None:
    said = judge(find("1.2"), LocalAsk({"scale_zero_point": ruler_in_arrays}))
    assert "This is an array of shape (1,); a single number is expected." in said.observed
    assert "The numbers are right." in said.cause


def test_a_list_is_called_a_list() -> None:
    said = judge(find("1.3"), LocalAsk({"quantize": ticks_in_a_list}))
    assert "This is a list of 4; expected is an array of dtype uint8." in said.observed
    assert said.cause.startswith("The numbers are right.")


def test_a_variable_may_be_called_as_the_library() -> None:
    assert judge(find("1.3"), LocalAsk({"quantize": uses_a_variable_called_ql})).passed


@pytest.mark.parametrize("text", ["C", " c ", "c"])
def test_an_option_is_known_by_its_letter(text: str) -> None:
    assert judge(find("1.7"), LocalAsk({"scheme_choice": text})).passed


def test_a_decimal_comma_is_asked_about() -> None:
    names = {"my_scale": (0, 23), "my_zero_point": 39, "my_q": 52}
    said = judge(find("1.1"), LocalAsk(names))
    assert "Python writes decimals with a point: 0.5." in said.observed


def test_an_unwritten_function_that_another_one_calls_is_named() -> None:
    def quantize(x, scale, zero_point):
        raise NotImplementedError

    names = {**_solved(1), "quantize": quantize}
    names["largest_error"] = lambda x, scale, zero_point: float(quantize(x, scale, zero_point)[0])
    said = judge(find("1.5"), LocalAsk(names))
    assert "calls `quantize`, and the gap in that one is still empty." in said.observed
    assert said.next_step == "Write `quantize` first: this exercise builds on it."


@pytest.mark.parametrize("given", [0.62, 0.63, 0.625])
def test_the_time_that_is_left_is_recognised_in_two_decimals_and_in_three(given: float) -> None:
    feedback = score(load_quiz("02_size_and_latency"), {"q3": given}).questions[2].feedback
    assert feedback == (
        "That is the share of the time that is left. How many times does it fit into 1?",
    )


def test_steps_to_a_unit_are_recognised_in_two_decimals() -> None:
    feedback = score(load_quiz("quick_test"), {"q5": 43.22}).questions[4].feedback
    assert "number of steps in one unit" in feedback[0]


def test_the_upper_end_of_the_range_is_no_work_for_the_clamp() -> None:
    scale, zero_point = find("1.2").oracle(-0.9, 5.0)
    assert round(5.0 / scale) + zero_point == 255
    option = load_quiz("01_scale_and_zero_point").questions[3].options[2]
    assert (option.text, option.right) == ("5.0", False)
