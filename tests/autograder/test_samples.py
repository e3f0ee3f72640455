"""The shipped samples: made from the lesson, the same every time, and each what its name says."""

import numpy as np
import pytest

from autograder.build import build_course
from autograder.intake.ingest import Refused, parse_notebook
from autograder.samples import (
    LESSON,
    STUDENTS,
    as_answer,
    half_right,
    reference_answers,
    write_samples,
)
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge

ROOT = course_root()


@pytest.fixture(scope="module")
def answers():
    return reference_answers(ROOT)


def judged(answers, name):
    """The judgement of one answer cell, run with what the lesson's notebook has imported."""
    id, _ = answers[name]
    namespace = {"np": np}
    for other in list(answers)[: list(answers).index(name) + 1]:
        exec(answers[other][1], namespace)
    return judge(find(id), LocalAsk(namespace), seed=11)


def test_every_exercise_of_the_lesson_is_answered_and_right(answers):
    assert len(answers) >= 6
    for name, (id, source) in answers.items():
        assert "BEGIN SOLUTION" not in source
        if find(id).kind != "written":
            assert judged(answers, name).passed, name


def test_half_right_is_right_then_two_different_named_misconceptions_then_nothing(answers):
    half = half_right(answers)
    verdicts = [judged(half, name) for name in half]
    wrong = [j for j in verdicts if not j.passed]
    assert [j.passed for j in verdicts] == sorted((j.passed for j in verdicts), reverse=True)
    assert len(verdicts) - len(wrong) >= 2
    named = [j.misconception for j in wrong]
    assert len(named) == len(set(named)) == 2
    assert None not in named
    assert len(half) < len(answers)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    build_course(ROOT, course, only=(LESSON,))
    return course / "release"


def test_the_files_are_the_same_every_time(released, tmp_path):
    for folder in ("one", "two"):
        write_samples(ROOT, tmp_path / folder, released)
    for student in STUDENTS:
        name = f"{student}/{LESSON}/{LESSON}.ipynb"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_cy_is_adas_file_cut_off(released, tmp_path):
    write_samples(ROOT, tmp_path, released)
    whole, cut = ((tmp_path / s / LESSON / f"{LESSON}.ipynb").read_bytes() for s in
                  ("ada_right", "cy_broken"))  # fmt: skip
    assert whole.startswith(cut)
    assert parse_notebook(whole).cells
    with pytest.raises(Refused, match="cut off"):
        parse_notebook(cut)


def needs_nothing(x, scale):
    y = [x / scale for x in range(3)]
    return y, np.rint(scale)


def needs_its_module(x):
    return LESSON + x


def test_a_wrong_answer_is_written_as_a_learner_would():
    assert as_answer(needs_nothing, "mine") == (
        "import numpy as np\n\ndef mine(x, scale):\n"
        "    y = [x / scale for x in range(3)]\n    return (y, np.rint(scale))"
    )
    assert as_answer(needs_its_module, "mine") is None
