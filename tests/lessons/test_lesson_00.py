"""Lesson 00: its oracle against the integer types themselves, its examples, its warm-up."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.quality import doctest_problems, reference_namespace
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.teach.source import read_lesson

SOURCE = Path(__file__).parents[2] / "solutions" / "00_start_here" / "00_start_here.py"


@pytest.mark.parametrize(
    ("bits", "dtype"),
    [(2, ml_dtypes.int2), (4, ml_dtypes.int4), (8, np.int8), (8, np.uint8), (16, np.int16)],
)
def test_the_steps_are_those_of_the_integer_types(bits, dtype):
    limits = ml_dtypes.iinfo(dtype)
    assert find("0.1").oracle(bits) == int(limits.max) - int(limits.min)


def test_the_oracle_holds_for_every_drawn_case():
    exercise = find("0.1")
    drawn = {case for seed in range(20) for group in exercise.groups(seed) for case in group.cases}
    assert len(drawn) > 6
    for (bits,) in drawn:
        assert exercise.oracle(bits) == np.diff(np.arange(2**bits)).sum()


def test_the_example_in_the_docstring_runs():
    names = reference_namespace(read_lesson(SOURCE))
    assert list(doctest_problems(find("0.1"), names)) == []


def test_the_numbers_in_the_text_are_computed():
    text = "\n".join(
        cell.source for cell in instructor_notebook(SOURCE).cells if cell.cell_type == "markdown"
    )
    assert "{{" not in text
    assert "within 10 ms can look at 100 frames a second" in " ".join(text.split())


def test_the_warm_up_asks_what_the_course_takes_for_granted():
    asked = " ".join(question.text for question in load_quiz("00_start_here").questions)
    for word in ("tensor", "convolution", "ReLU", "BatchNorm", "range", "run a trained model"):
        assert word in asked, word
