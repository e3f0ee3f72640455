"""Lint: every rule is seen to find its defect, and the course itself has none."""

from dataclasses import replace

import nbformat
import pytest

from autograder.authoring import quality
from autograder.authoring.quality import reference_namespace
from autograder.commands import lint as lint_command
from autograder.commands.lint import SPINE, _pairs, _spine, _student_copy, lint
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import find, of_lesson
from quantlab.teach.source import SourceCell, Tag, read_lesson
from tests.autograder.conftest import found

FUNCTION = next(e for e in of_lesson(1) if e.kind == "function")
ROOT = course_root()
LESSON = next((ROOT / "solutions").glob("01_*/01_*.py"))
TINY = """\
# %% exercise 97.1
def double(x):
    ### BEGIN SOLUTION
    return 3 * x
    ### END SOLUTION
# %% check 97.1 points=3
# %% exercise 97.2
def negate(x):
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
# %% check 97.2 points=2
"""
SOLVED = reference_namespace(read_lesson(LESSON))


def cell(source="", tag=None, points=None, spine=None, cell_type="code"):
    return SourceCell(cell_type, source, tag, points, spine)


def test_the_course_is_in_shape_and_its_counts_are_whole(monkeypatch):
    """The exercises themselves take minutes: `autograder lint` is a check of its own."""
    monkeypatch.setattr(lint_command, "_exercise_problems", lambda *_: ())
    report = lint(ROOT)
    assert report.problems == ()
    found = report.to_dict()
    assert found["ok"] is True
    assert found["lessons"] == len([p for p in (ROOT / "solutions").iterdir() if p.is_dir()])
    assert found["misconceptions"] >= 5 * sum(e.kind == "function" for e in of_lesson(1))


def test_a_spine_out_of_order_or_incomplete():
    whole = [cell(spine=key) for key in SPINE]
    assert list(_spine("01_x", tuple(whole))) == []
    assert "lacks have" in next(_spine("01_x", tuple(whole[:8] + whole[9:])))
    assert "expected is the order" in next(_spine("01_x", (whole[1], whole[0], *whole[2:])))
    moved = [key for key in SPINE if key != "explore"]
    for after, fits in (("idea", True), ("by-hand", True), ("break", True), ("quiz", False)):
        place = moved.index(after) + 1
        cells = [cell(spine=key) for key in (*moved[:place], "explore", *moved[place:])]
        assert bool(list(_spine("01_x", tuple(cells)))) is not fits, after
    assert "comes after quiz" in next(_spine("01_x", tuple(cells)))
    assert "is no part of" in next(_spine("00_x", (cell(spine="ideas"),)))
    assert list(_spine("quick_test", ())) == []


def test_the_check_must_be_the_next_cell_and_give_the_exercises_points():
    gap = cell(tag=Tag("exercise", FUNCTION.id))
    check = cell(tag=Tag("check", FUNCTION.id), points=FUNCTION.points)
    assert list(_pairs((gap, check))) == []
    assert "is not its check" in next(_pairs((gap, cell(), check)))
    assert "is not its check" in next(_pairs((gap,)))
    assert "points in the lesson" in next(_pairs((gap, replace(check, points=99))))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda nb: nb.cells[0].update(source="{{half}}"), 'shows "{{"'),
        (lambda nb: nb.cells[0].update(source="### BEGIN SOLUTION"), "BEGIN SOLUTION"),
        (lambda nb: nb.cells[1].update(source="x = 40 + 2"), "contains the solution of 1.1"),
        (lambda nb: nb.cells[1].update(execution_count=3), "has outputs"),
        (lambda nb: nb.metadata.update(widgets={}), "widget state"),
    ],
)
def test_a_student_copy_that_shows_too_much(tmp_path, spoil, said):
    source = cell("### BEGIN SOLUTION\nx = 40 + 2\n### END SOLUTION", Tag("exercise", "1.1"))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("Text"), nbformat.v4.new_code_cell("x = ...")]
    )
    copy = tmp_path / "copy.ipynb"
    nbformat.write(notebook, copy)
    assert list(_student_copy(copy, (source,))) == []
    spoil(notebook)
    nbformat.write(notebook, copy)
    assert any(said in sentence for sentence in _student_copy(copy, (source,)))


def test_a_checker_that_accepts_a_wrong_answer_is_found():
    lenient = replace(FUNCTION, oracle=FUNCTION.misconceptions[0].wrong)
    found = list(quality.misconception_problems(lenient, (0,)))
    assert any(f"{FUNCTION.misconceptions[0].name} is accepted" in said for said in found)
    assert list(quality.reference_problems(lenient, SOLVED, (0,)))


def test_a_misconception_called_by_anothers_name_is_found():
    first, *others = FUNCTION.misconceptions
    twins = replace(FUNCTION, misconceptions=(first, replace(first, name="twin"), *others))
    # Each gives what the other gives, so neither is the truth.
    assert list(quality.misconception_problems(twins, (0,))) == [
        f"the wrong answer {first.name} is not named: another one gives the same (seed 0).",
        "the wrong answer twin is not named: another one gives the same (seed 0).",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": 99}, "it says 99"),
        ({"hints": ("a", "a", "b")}, "three different hints"),
        ({"insight": " "}, "says nothing to a right answer"),
        (
            {"values": {"scale": 1}, "asks": {"zero_point": "A tick."}},
            "lacks the property of scale",
        ),
        ({"misconceptions": FUNCTION.misconceptions[:4]}, "it has 4 misconceptions"),
        (
            {"misconceptions": (replace(FUNCTION.misconceptions[0], question="No."),) * 5},
            "does not end in a question",
        ),
    ],
)
def test_a_faulty_specification_is_found(change, said):
    assert list(quality.specification_problems(FUNCTION, (0,))) == []
    found = quality.specification_problems(replace(FUNCTION, **change), (0,))
    assert any(said in sentence for sentence in found)


def test_a_right_answer_that_is_rejected_or_missing_is_found():
    wrong = FUNCTION.misconceptions[0].wrong
    found = list(quality.alternative_problems(FUNCTION, [wrong], (0,)))
    assert "1 alternative right answers" in found[0]
    assert f"the right answer {wrong.__name__} is incorrect" in found[1]


def test_a_stub_that_is_no_stub_is_found():
    def one(*args):
        return 1

    assert "the empty stub is" in next(quality.stub_problems(FUNCTION, {FUNCTION.answer: one}))


def test_a_docstring_example_that_lies_is_found():
    def lying():
        """
        >>> 1 + 1
        3
        """

    def silent():
        pass

    assert "fails" in next(quality.doctest_problems(FUNCTION, {FUNCTION.answer: lying}))
    assert "no example" in next(quality.doctest_problems(FUNCTION, {FUNCTION.answer: silent}))


def test_choices_and_written_answers_have_their_own_rules():
    choice = next(e for e in of_lesson(1) if e.kind == "choice")
    blunt = {k: replace(o, feedback="No.", right=False) for k, o in choice.options.items()}
    found = list(quality.specification_problems(replace(choice, options=blunt), (0,)))
    assert "none of its options is right." in found
    written = find(next(e.id for e in of_lesson(1) if e.kind == "written"))
    found = list(quality.specification_problems(replace(written, points=99), (0,)))
    assert found == ["its best band is not worth its points."]
    curt = replace(written, rubric=(replace(written.rubric[0], model_answer="A step."),))
    found = list(quality.specification_problems(curt, (0,)))
    assert any("has 2 words; a text opens the rubric from 12." in said for said in found)


def test_exercises_are_judged_in_other_processes_with_the_same_findings(tiny_room, tmp_path):
    """The tiny lesson's exercises lack most of what is asked for, and a reference is spoiled."""
    source = tmp_path / "solutions" / "97_tiny" / "97_tiny.py"
    source.parent.mkdir(parents=True)
    source.write_text(TINY)
    copy = tmp_path / "notebooks" / "97_tiny" / "97_tiny.ipynb"
    copy.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), copy)
    with found(tiny_room):
        problems = lint_command._exercise_problems([source], tmp_path)
        here = [lint_command._problems_of((source, copy, id)) for id in ("97.1", "97.2")]
    assert problems == [problem for of_one in here for problem in of_one]
    said = [f"{p.exercise}: {p.problem}" for p in problems]
    assert any(line.startswith("97.1: the reference is incorrect (seed 0)") for line in said)
    assert not any(line.startswith("97.2: the reference") for line in said)
    assert "97.2: it has 1 misconceptions; expected are 5 or more." in said
