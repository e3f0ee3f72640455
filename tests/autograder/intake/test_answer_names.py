"""A quiz's answers count under the names that browsers and file managers give a second copy."""

import pytest

from autograder.intake.answer_names import answers_name
from autograder.intake.ingest import Found, read_submission

CHANGED = (
    "quick_test.answers (1).json",
    "quick_test.answers(2).json",
    "quick_test.answers-Copy1.json",
    "quick_test.answers - Copy (2).json",
    "quick_test.answers copy 2.json",
    "quick_test.answers-1.json",
    "quick_test.answers.json.txt",
    "quick_test.ANSWERS.JSON",
)
OTHERS = ("answers.json", "quick_test.json", "quick_test.answers.old.json", "my answers.json")


@pytest.fixture
def found(tmp_path):
    (tmp_path / "quick_test.ipynb").write_text("{}")
    return Found("ada", "quick_test", tmp_path)


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_name_is_the_quizs_own(name, found):
    assert answers_name(name) == "quick_test.answers.json"
    (found.folder / name).write_text("{}")
    read = read_submission(found)
    assert read.answers == (("quick_test.answers.json", b"{}"),)
    assert read.notes == (f"The answers were named {name}; expected is quick_test.answers.json.",)


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_is_named_and_not_used(name, found):
    assert answers_name(name) is None
    (found.folder / name).write_text("{}")
    assert read_submission(found).notes == (f"Not used: {name}.",)


def test_the_right_name_goes_first_and_of_two_changed_ones_neither_is_taken(found):
    for name in CHANGED[:2]:
        (found.folder / name).write_text("{}")
    assert read_submission(found).answers == ()
    (found.folder / "quick_test.answers.json").write_text("[]")
    read = read_submission(found)
    assert read.answers == (("quick_test.answers.json", b"[]"),)
    assert read.notes == (f"Not used: {CHANGED[0]}, {CHANGED[1]}.",)


def test_of_many_files_some_are_named(found):
    for n in range(40):
        (found.folder / f"data{n:02d}.csv").write_text("")
    (said,) = read_submission(found).notes
    assert said.startswith("Not used: data00.csv, data01.csv")
    assert said.endswith("data09.csv and 30 more.")
