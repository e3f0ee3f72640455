"""A synthetic class: right copies of a lesson, and of lesson 01 every kind of fault and its worth.

A fault stands in the answer of exercise 1.1, which nothing else builds on: it costs the points of
1.1 and no others. So each kind's points follow from the lesson's own, not from a grading.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.instructor import write_notebook
from autograder.build import build_course
from autograder.samples import LESSON, answered, reference_answers
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import find

#: Of the class, each fault has this share.
SHARE = 0.05
FAULTY = "exercise-1-1"


@dataclass(frozen=True)
class Kind:
    """One kind of submission: how it is made of a right one, and what it must come to.

    points   given by code; None where it cannot be graded.
    """

    name: str
    make: Callable[[NotebookNode], NotebookNode | bytes | None]
    verdict: str
    points: float | None


def kinds(answers: Mapping[str, tuple[str, str]]) -> tuple[Kind, ...]:
    """The right one first, then the faults."""
    whole = sum(find(id).points for id, _ in answers.values() if find(id).kind != "written")
    lost = whole - find("1.1").points

    def before(code: str) -> Callable[[NotebookNode], NotebookNode]:
        return lambda right: _with(right, lambda source: f"{code}\n{source}")

    def instead(code: str) -> Callable[[NotebookNode], NotebookNode]:
        return lambda right: _with(right, lambda _: code)

    return (
        Kind("right", lambda right: right, "graded", whole),
        Kind("warns on stderr", before("import warnings; warnings.warn('old')"), "graded", whole),
        Kind("prints much", before("for n in range(2000): print(n)"), "graded", whole),
        Kind("wrong", instead("my_scale = my_zero_point = my_q = 0"), "graded", lost),
        Kind("raises", instead("1 / 0"), "graded", lost),
        Kind("ends the kernel", instead("import os; os._exit(1)"), "kernel_died", lost),
        Kind("never ends", instead("while True: pass"), "timeout", lost),
        Kind("leaves a process", before(LEAVES), "graded", whole),
        Kind("cut off", lambda right: json.dumps(right).encode()[:3000], "malformed", None),
        Kind("empty file", lambda right: b"", "malformed", None),
        Kind("no notebook", lambda right: None, "missing", None),
    )


LEAVES = "import subprocess; p = subprocess.Popen(['sleep', '600'], start_new_session=True)"


def make_course(folder: Path, lesson: str = LESSON) -> Mapping[str, tuple[str, str]]:
    """An nbgrader course with this lesson alone; returns its reference answers."""
    root = course_root()
    build_course(root, folder, only=(lesson,))
    (folder / "submitted").mkdir(exist_ok=True)
    return reference_answers(root, lesson)


def right_copy(
    course: Path, answers: Mapping[str, tuple[str, str]], lesson: str = LESSON
) -> NotebookNode:
    """The released notebook with every reference answer."""
    release = nbformat.read(course / "release" / lesson / f"{lesson}.ipynb", as_version=4)
    return answered(release, answers)


def submit(
    course: Path, student: str, content: NotebookNode | bytes | None, lesson: str = LESSON
) -> None:
    """Hand in for a student; None is a folder without a notebook."""
    path = course / "submitted" / student / lesson / f"{lesson}.ipynb"
    path.parent.mkdir(parents=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        write_notebook(content, path)


def copy_course(course: Path, to: Path) -> Path:
    """The course with its gradebook and nothing handed in."""
    shutil.copytree(course, to)
    shutil.rmtree(to / "submitted")
    (to / "submitted").mkdir()
    return to


def _with(right: NotebookNode, change: Callable[[str], str]) -> NotebookNode:
    notebook = copy.deepcopy(right)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == FAULTY:
            cell.source = change(cell.source)
    return notebook
