"""The three sample submissions of lesson 01, made from the lesson itself so that they never drift.

ada_right   every reference answer, as the lesson's source has it.
ben_half    the first third right, then two wrong answers that the course knows by name, the rest
            not attempted.
cy_broken   Ada's file, cut off in the middle.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograder.authoring.instructor import grade_id, write_notebook
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.source import read_lesson, without_markers

LESSON = "01_scale_and_zero_point"
STUDENTS = ("ada_right", "ben_half", "cy_broken")
WRONG_ANSWERS = 2
#: What a learner's notebook has imported; a wrong answer that needs more is not used.
IMPORTED = {"np": "import numpy as np"}


def write_samples(root: Path, out: Path, notebooks: Path | None = None) -> None:
    """Write out/STUDENT/LESSON/LESSON.ipynb for the three students, the same bytes every time.

    root       the project, for the lesson's source.
    notebooks  where the released notebooks lie; root/notebooks by default.
    """
    released = (notebooks or root / "notebooks") / LESSON / f"{LESSON}.ipynb"
    release = nbformat.read(released, as_version=4)
    answers = reference_answers(root)
    paths = {name: out / name / LESSON / f"{LESSON}.ipynb" for name in STUDENTS}
    write_notebook(answered(release, answers), paths["ada_right"])
    write_notebook(answered(release, half_right(answers)), paths["ben_half"])
    whole = paths["ada_right"].read_text(encoding="utf-8")
    paths["cy_broken"].parent.mkdir(parents=True, exist_ok=True)
    broken = whole[: len(whole) // 2]
    paths["cy_broken"].write_text(broken, encoding="utf-8", newline="\n")


def reference_answers(root: Path, lesson: str = LESSON) -> dict[str, tuple[str, str]]:
    """{cell name: (exercise id, the cell with its solution)}, in the lesson's order."""
    cells = read_lesson(root / "solutions" / lesson / f"{lesson}.py")
    return {
        grade_id(cell.tag.kind, cell.tag.id): (cell.tag.id, without_markers(cell.source))
        for cell in cells
        if cell.tag and cell.tag.kind in ("exercise", "written")
    }


def half_right(answers: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The first third of the answers, then two different misconceptions, and nothing more."""
    names = list(answers)
    right = names[: len(names) // 3]
    chosen = {name: answers[name] for name in right}
    used: set[str] = set()
    for name in names[len(right) :]:
        id, _ = answers[name]
        wrong = wrong_answer(find(id), used)
        if wrong is not None and len(used) < WRONG_ANSWERS:
            used.add(wrong[0])
            chosen[name] = (id, wrong[1])
    return chosen


def wrong_answer(exercise: Exercise, used: set[str]) -> tuple[str, str] | None:
    """(name, source) of the first misconception not in `used` that stands on its own."""
    if exercise.kind != "function":
        return None
    for known in exercise.misconceptions:
        source = as_answer(known.wrong, exercise.answer)
        if known.name not in used and source is not None:
            return known.name, source
    return None


def as_answer(wrong: Callable[..., Any], name: str) -> str | None:
    """The wrong answer's source as a learner would write it; None if it needs its module."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(wrong)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name, function.decorator_list = name, []
    needed = _needed(function)
    if not needed <= IMPORTED.keys():
        return None
    return "\n".join([*(IMPORTED[n] for n in sorted(needed)), "", ast.unparse(function)]).lstrip()


def _needed(function: ast.FunctionDef) -> set[str]:
    """Names that a function reads and neither Python nor the function itself defines."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return {node.id for node in names} - own - set(dir(builtins))


def answered(release: NotebookNode, answers: Mapping[str, tuple[str, str]]) -> NotebookNode:
    """The released notebook with these answers in their cells."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if is_solution(cell) and cell.metadata.nbgrader["grade_id"] in answers:
            cell.source = answers[cell.metadata.nbgrader["grade_id"]][1]
    return notebook
