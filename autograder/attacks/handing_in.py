"""Writes a case as a submission: STUDENT/LESSON/LESSON.ipynb and what lies around it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograder import samples
from autograder.attacks.case import Case
from autograder.attacks.edits import EDITS
from autograder.attacks.field import Field
from autograder.intake.ingest import Found
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import find


@lru_cache(maxsize=8)
def release_of(lesson: str) -> bytes:
    """The file of the lesson's released notebook."""
    return (course_root() / "notebooks" / lesson / f"{lesson}.ipynb").read_bytes()


@lru_cache(maxsize=8)
def reference_answers(lesson: str) -> Mapping[str, str]:
    """The answer cells of a lesson's source, by grade id; its written answers are left empty."""
    answers = samples.reference_answers(course_root(), lesson)
    return {name: text for name, (id, text) in answers.items() if find(id).kind != "written"}


def notebook_of(case: Case, field: Field) -> NotebookNode:
    """The notebook of a case, edited."""
    notebook = nbformat.reads(release_of(case.lesson).decode(), as_version=4)
    answers = dict(reference_answers(case.lesson)) if case.start == "right" else {}
    answers |= {name: field.filled(text) for name, text in case.cells.items()}
    for cell in notebook.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if is_solution(cell) and id in answers:
            cell.source = answers[id]
    new = nbformat.v4.new_code_cell
    if case.first:
        # Behind the notebook's own imports, as a student's first cell is.
        setup = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        notebook.cells.insert(setup + 1, new(field.filled(case.first)))
    if case.last:
        notebook.cells.append(new(field.filled(case.last)))
    for name in case.edit:
        EDITS[name](notebook)
    return notebook


def hand_in(case: Case, field: Field, submitted: Path) -> Found:
    """Write the case under `submitted`; what `find_submissions` would find of it."""
    student = case.student or case.name
    folder = submitted / student / case.lesson
    folder.mkdir(parents=True)
    path = folder / f"{case.lesson}.ipynb"
    notebook = notebook_of(case, field)
    text = json.dumps(notebook, ensure_ascii=True)
    data = TEXTS[case.text](text) if case.text else text.encode("utf-8")
    path.write_bytes(data)
    for name, content in case.files.items():
        (folder / name).write_text(field.filled(content), encoding="utf-8")
    if case.file:
        folder = FILES[case.file](path, field)
    return Found(folder.parent.name, case.lesson, folder)


def _saved(text: str) -> str:
    """The notebook as nbformat writes it to a file: each source as a list of lines."""
    return str(nbformat.writes(nbformat.reads(text, as_version=4)))


TEXTS: dict[str, Callable[[str], bytes]] = {
    "deep": lambda text: b"[" * 100_000 + b"]" * 100_000,
    "brackets": lambda text: text.replace(
        '"metadata": {', '"metadata": {"x": [' + "[]," * 5_000_000 + "[]], ", 1
    ).encode(),
    "cells": lambda text: text.replace(
        '"cells": [',
        '"cells": [' + '{"cell_type":"markdown","metadata":{},"source":""},' * 100_000,
        1,
    ).encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "crlf": lambda text: (
        json.dumps(json.loads(text), indent=1).replace("\n", "\r\n").replace("\\n", "\\r\\n")
    ).encode(),
    "saved": lambda text: b"\xef\xbb\xbf" + _saved(text).replace("\n", "\r\n").encode(),
    "half": lambda text: text[: len(text) // 2].encode(),
    "empty": lambda text: b"",
    "latin": lambda text: text.replace("Scale", "Sk\u00e4le").encode("latin-1"),
    "list": lambda text: b"[1, 2, 3]",
    "merge": lambda text: f"<<<<<<< HEAD\n{text}\n=======\n{text}\n>>>>>>> mine\n".encode(),
    "html": lambda text: b"<html><body>Please log in.</body></html>",
}


def _link(path: Path, field: Field) -> Path:
    path.unlink()
    path.symlink_to(field.canary / "id_rsa")
    return path.parent


def _pipe(path: Path, field: Field) -> Path:
    path.unlink()
    os.mkfifo(path)
    return path.parent


def _device(path: Path, field: Field) -> Path:
    path.unlink()
    path.symlink_to("/dev/zero")
    return path.parent


def _linked_folder(path: Path, field: Field) -> Path:
    real = path.parent.rename(field.root / "real")
    path.parent.symlink_to(real)
    return path.parent


def _linked_extra(path: Path, field: Field) -> Path:
    (path.parent / "data.txt").symlink_to(field.canary / "id_rsa")
    return path.parent


def _huge(path: Path, field: Field) -> Path:
    with path.open("r+b") as file:
        file.truncate(60_000_000)
    return path.parent


def _renamed(path: Path, field: Field) -> Path:
    path.rename(path.with_name(f"{path.stem} (1).ipynb"))
    return path.parent


def _two(path: Path, field: Field) -> Path:
    path.with_name("a.ipynb").write_bytes(path.read_bytes())
    path.rename(path.with_name("b.ipynb"))
    return path.parent


def _nothing(path: Path, field: Field) -> Path:
    path.unlink()
    return path.parent


def _beside(path: Path, field: Field) -> Path:
    path.with_name("other.ipynb").write_text("{}")
    path.with_name("data.csv").write_text("1,2")
    path.with_name("nobody.answers.json").write_text('{"q1": "' + "x" * 1000)
    return path.parent


def _long_name(path: Path, field: Field) -> Path:
    student = path.parent.parent
    return student.rename(student.with_name("x" * 200)) / path.parent.name


FILES: dict[str, Callable[[Path, Field], Path]] = {
    "link": _link,
    "pipe": _pipe,
    "device": _device,
    "linked_folder": _linked_folder,
    "linked_extra": _linked_extra,
    "huge": _huge,
    "renamed": _renamed,
    "two": _two,
    "nothing": _nothing,
    "beside": _beside,
    "long_name": _long_name,
}
