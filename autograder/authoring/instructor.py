"""One lesson source becomes one instructor notebook: metadata, boxes and numbers filled in.

The short tags of the source (`quantlab.teach.source`) become nbgrader's v3 metadata. Numbers in the
prose, written as {{expression}}, are computed from the lesson's `facts` cells while building, so
that a text can not drift from the library. The same source gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from quantlab.lessons.catalogue import find
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.source import SourceCell, read_lesson

FACT = re.compile(r"\{\{(.+?)\}\}", re.S)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def lesson_sources(root: Path) -> tuple[Path, ...]:
    """`solutions/NAME/NAME.py` of every lesson, in order. FileNotFoundError where there is none."""
    sources = sorted((root / "solutions").glob("*/*.py"))
    found = tuple(path for path in sources if path.stem == path.parent.name)
    if not found:
        raise FileNotFoundError(
            f"There is no lesson source under {root / 'solutions'}; expected is "
            "solutions/NAME/NAME.py. Run this in a full copy of the course."
        )
    return found


def instructor_notebook(path: Path) -> NotebookNode:
    """The instructor notebook of the lesson source at `path`: solutions in, outputs none."""
    cells = read_lesson(path)
    facts = _facts(cells, path)
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    )
    taken: set[str] = set()
    for cell in cells:
        if cell.tag and cell.tag.kind == "facts":
            continue
        built = _cell(cell, facts, path)
        built.id = _stable_id(built, cell, taken)
        notebook.cells.append(built)
    return notebook


def _facts(cells: Iterable[SourceCell], path: Path) -> dict[str, Any]:
    """The names that the lesson's facts cells define, for every text of the lesson."""
    facts: dict[str, Any] = {}
    for cell in cells:
        if cell.tag and cell.tag.kind == "facts":
            exec(compile(cell.source, f"{path.name}: facts", "exec"), facts)
    return facts


def _cell(cell: SourceCell, facts: dict[str, Any], path: Path) -> NotebookNode:
    if cell.cell_type == "markdown":
        text = _filled(cell.source, facts, path)
        if cell.tag and cell.tag.kind == "box":
            text = f"{_box(find(cell.tag.id))}\n\n{text}"
        return nbformat.v4.new_markdown_cell(text)
    built = nbformat.v4.new_code_cell(cell.source)
    if cell.tag and cell.tag.kind == "demo":
        built.metadata["tags"] = ["demo"]  # grading skips it
    if cell.tag and cell.tag.kind in ("exercise", "check", "written"):
        meta = _grading(cell, path)
        if meta:
            built.metadata["nbgrader"] = meta
    return built


def _filled(text: str, facts: dict[str, Any], path: Path) -> str:
    def compute(match: re.Match[str]) -> str:
        try:
            return str(eval(match.group(1), facts))
        except Exception as fault:
            raise ValueError(
                f"{path.name}: {match.group(0)} in the prose stopped with "
                f"{type(fault).__name__}: {fault}. Define it in the lesson's facts cell."
            ) from fault

    return FACT.sub(compute, text)


def _box(exercise: Exercise) -> str:
    """The heading and the box of an exercise, from its own facts."""
    worth = f"{exercise.points:g} point{'s' if exercise.points != 1 else ''}"
    return (
        f"### Exercise {exercise.id} · {exercise.title}\n\n"
        f"> difficulty {_dots(exercise.difficulty)} · importance {_dots(exercise.importance)} · "
        f"about {exercise.minutes} minutes · {worth}"
    )


def _dots(n: int) -> str:
    return "●" * n + "○" * (5 - n)


def grade_id(kind: str, id: str) -> str:
    """nbgrader's name of a cell: `check-1-2` for the check of exercise 1.2."""
    return f"{kind}-{id.replace('.', '-')}"


def _grading(cell: SourceCell, path: Path) -> dict[str, Any]:
    """nbgrader's v3 metadata; {} for a check without points (a written answer's own check)."""
    assert cell.tag is not None
    kind, graded = cell.tag.kind, cell.points is not None
    if kind == "check" and not graded:
        return {}
    if kind == "exercise" and graded:
        raise ValueError(
            f"{path.name}: exercise {cell.tag.id} has points; they belong to its check."
        )
    meta: dict[str, Any] = {
        "cell_type": "code",
        "grade": graded,
        "grade_id": grade_id(kind, cell.tag.id),
        "locked": kind == "check",
        "schema_version": 3,
        "solution": kind != "check",
        "task": False,
    }
    return meta | ({"points": cell.points} if graded else {})


def _stable_id(built: NotebookNode, cell: SourceCell, taken: set[str]) -> str:
    """A cell id that moves only when the cell does: its tag, or the hash of its text."""
    digest = hashlib.sha256(built.source.encode()).hexdigest()[:8]
    base = grade_id(cell.tag.kind, cell.tag.id) if cell.tag and cell.tag.id else digest
    id, n = base, 1
    while id in taken:
        n += 1
        id = f"{base}-{n}"
    taken.add(id)
    return id


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def exercise_ids(cells: Iterable[SourceCell]) -> tuple[str, ...]:
    """The exercises a lesson contains, in the order of its cells."""
    return tuple(c.tag.id for c in cells if c.tag and c.tag.kind in ("exercise", "written"))
