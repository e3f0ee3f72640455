"""A lesson is three places: the one in docs/writing_a_lesson.md is found, built, linted and judged.

The files are the page's own blocks, written into a temporary folder, so the page cannot drift.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import quantlab.lessons
from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.instructor import lesson_sources
from autograder.authoring.quality import (
    Unread,
    as_answer,
    reference_namespace,
    stub_namespace,
)
from autograder.build import release_notebooks
from autograder.commands.lint import lint, stubs_of
from quantlab.lessons import catalogue
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "writing_a_lesson.md"
NAME, ID = "97_enough_bits", "97.1"
ROOM = Path("quantlab/lessons/lesson_97")
SOURCE = Path("solutions") / NAME / f"{NAME}.py"
BLOCK = re.compile(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", re.M | re.S)


def files_of_the_page() -> dict[str, str]:
    return dict(BLOCK.findall(PAGE.read_text("utf-8")))


def forget_the_lesson() -> None:
    """Python forgets an imported lesson 97, so that the next folder's is another one."""
    importlib.invalidate_caches()
    for name in [n for n in sys.modules if n.startswith("quantlab.lessons.lesson_97")]:
        del sys.modules[name]
    vars(quantlab.lessons).pop("lesson_97", None)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The page's files where they belong under a root of their own, and the student copy built."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, text in files_of_the_page().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantlab.lessons, "__path__", [str((root / ROOM).parent)])
        forget_the_lesson()
        release_notebooks(root, root)
        forget_the_lesson()
    return root


@pytest.fixture
def course(written, tmp_path, monkeypatch) -> Iterator[Path]:
    """A copy of it, whose lesson is the only one that there is."""
    root = tmp_path / "course"
    shutil.copytree(written, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(quantlab.lessons, "__path__", [str((root / ROOM).parent)])
    forget_the_lesson()
    yield root
    forget_the_lesson()


def test_the_page_holds_the_three_places_and_nothing_else():
    places = (f"{ROOM}/", f"{SOURCE.parent}/", "tests/lessons/test_lesson_97.py")
    assert len(files_of_the_page()) == 9
    assert all(name.startswith(places) for name in files_of_the_page())


def test_it_is_found_beside_the_others_by_its_folder_alone(written, monkeypatch):
    before = catalogue.lessons()
    others = list(quantlab.lessons.__path__)
    monkeypatch.setattr(quantlab.lessons, "__path__", [*others, str((written / ROOM).parent)])
    forget_the_lesson()
    try:
        assert [room.package for room in before if room in catalogue.lessons()] == [
            room.package for room in before
        ]
        assert [e.id for e in catalogue.of_lesson(97)] == [ID]
        assert catalogue.find(ID) in catalogue.all_exercises()
        assert catalogue.load_quiz(NAME).id == NAME
        assert {t.term for t in catalogue.terms_of_lesson(97)} <= {
            t.term for t in catalogue.glossary()
        }
    finally:
        forget_the_lesson()


def test_its_student_copy_has_numbers_words_and_a_gap(course):
    notebook = nbformat.read(course / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "about 9 minutes: 2 to read" in text
    assert "| **error budget** | The largest distance" in text
    assert "### Exercise 97.1 · Enough bits\n\n> difficulty ●●○○○" in text
    assert "raise NotImplementedError()" in text
    assert "math.ceil" not in text


def test_lint_finds_nothing_to_mend(course):
    report = lint(course)
    assert report.problems == ()
    assert (report.lessons, report.exercises, report.misconceptions) == (1, 1, 7)


def test_it_is_judged(course):
    exercise, cells = catalogue.find(ID), read_lesson(course / SOURCE)
    right = judge(exercise, LocalAsk(reference_namespace(cells)))
    assert (right.verdict, right.points) == (Verdict.CORRECT, exercise.points)
    copy = course / "notebooks" / NAME / f"{NAME}.ipynb"
    empty = judge(exercise, LocalAsk(stub_namespace(cells, stubs_of(copy))))
    assert (empty.verdict, empty.points) == (Verdict.NOT_ATTEMPTED, 0)
    for wrong in exercise.misconceptions:
        said = judge(exercise, Unread(as_answer(exercise, wrong.wrong)))
        assert (said.verdict, said.misconception) == (Verdict.INCORRECT, wrong.name)
    others = alternatives_of((course / SOURCE).parent)[ID]
    assert len(others) == 3
    for answer in others:
        assert judge(exercise, LocalAsk({exercise.answer: answer})).passed, answer.__name__


def test_its_answer_runs_without_the_lessons(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "quantlab.lessons", None)
    names: dict[str, object] = {}
    notebook = nbformat.read(course / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in notebook.cells:
        told = "demo" in cell.metadata.get("tags", ()) or cell.id.startswith("check-")
        if cell.cell_type == "code" and not told:
            exec(compile(cell.source, cell.id, "exec"), names)
    assert callable(names["enough_bits"])


def test_its_own_test_passes(course):
    names: dict[str, object] = {}
    text = (course / "tests/lessons/test_lesson_97.py").read_text("utf-8")
    exec(compile(text, "test_lesson_97.py", "exec"), names)
    tests = [f for name, f in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


def test_its_files_are_in_the_projects_style(course):
    ours = 'lint.isort.known-first-party=["quantlab", "autograder"]'  # both lie elsewhere here
    for command in (["check", "--config", ours], ["format", "--check"]):
        run = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        done = subprocess.run(run, cwd=course, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (ROOM / "quiz.yaml", "id: 97_enough_bits", "id: 97_bits", "quiz.yaml says id: 97_bits"),
        (ROOM / "quiz.yaml", "pass_mark: 0.5", "pass_mark: half", "quiz.yaml"),
        (ROOM / "quiz.yaml", "questions:", "questions: [", "quiz.yaml: the file is no YAML text"),
        (ROOM / "glossary.yaml", "means:", "meaning:", "glossary.yaml, term 1: found term, mean"),
        (SOURCE, "check 97.1 points=2", "check 97.1 points=3", "97.1 gives 3 points"),
        (SOURCE, 'spine="have"', 'spine="next"', "its spine lacks have"),
        (SOURCE, "about {{minutes}} minutes", "about 9 minutes", "does not say"),
        (SOURCE, "check, hint, predict", "check, predict", "not import hint"),
        (SOURCE, "predict, quiz", "quiz", "not import predict"),
        (SOURCE, 'predict("97.a")', "values = None", "asked 0 and revealed 1 times"),
        (SOURCE, '# %% demo\npredict("97.a")', '# %%\npredict("97.a")', "is no demo"),
        (SOURCE, 'reveal("97.a", errors["uint4"] / errors["uint8"])', "1", "revealed 0 times"),
        (SOURCE, 'errors["uint4"] / errors["uint8"]', "np.pi", "no cell after its predict"),
        (SOURCE, 'predict("97.a")', 'predict("97.b")', "97.b is not in its predictions.yaml"),
        (ROOM / "predictions.yaml", "below: 4", "below: 5", "two options hold 4"),
        (SOURCE, "budget = 0.5\n", "budget = 0.5\n" * 13, "has 14 lines of code"),
        (SOURCE, "levels = width / (2 * error) + 1", "levels = 4", "the reference is incorrect"),
        (SOURCE, "    9\n", "    8\n", "its docstring example fails"),
        (SOURCE.parent / "alternatives.py", "** bits - 1", "** bits", "2 alternative"),
        (SOURCE.parent / "alternatives.py", "/ error / 2", "/ error", "bits_in_numpy is incorr"),
        (ROOM / "exercises/enough_bits.py", "2**bits - 1)", "2**bits)", "is accepted"),
        (ROOM / "exercises/enough_bits.py", "_drawn(rng, 0.7)", "_drawn(rng, 0.2)", "is not named"),
        (ROOM / "exercises/enough_bits.py", "points=2", "points=3", "are worth 2 points"),
    ],
)
def test_lint_says_what_is_broken(course, file, old, new, said):
    path = course / file
    text = path.read_text("utf-8")
    if said == "2 alternative":
        old, new = '@accepts("97.1")\ndef bits_by_trying', "def bits_by_trying"
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(said in p.problem for p in lint(course).problems), lint(course).problems


def test_lint_misses_a_room_and_a_student_copy(course):
    shutil.rmtree(course / "notebooks" / NAME)
    (found,) = lint(course).problems
    assert "there is no student copy" in found.problem
    shutil.rmtree(course / ROOM)
    forget_the_lesson()
    source = course / SOURCE
    cells = source.read_text("utf-8").split("# %% ")
    kept = [c for c in cells if not c.startswith(("exercise", "check"))]
    source.write_text("# %% ".join(kept), encoding="utf-8")
    assert "there is no room for it" in lint(course).problems[0].problem


def test_the_course_itself_has_one_room_a_lesson():
    for path in lesson_sources(ROOT):
        room = catalogue.lesson_of(path.stem)
        assert room is not None, path.stem
        assert room.quiz_id in (None, path.stem)
