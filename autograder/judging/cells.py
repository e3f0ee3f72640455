"""Which cells of a planted notebook are run, and which of them carry points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.intake.defined_names import names_of, names_read

CHECKED = re.compile(r"""\bcheck\(\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Graded:
    """A cell with points.

    id       the exercise or quiz that it is about.
    cell     its grade id.
    points   at most.
    written  True where the cell holds the answer itself, and a person gives the points.
    """

    id: str
    cell: str
    points: float
    written: bool


def graded_of(cell: NotebookNode) -> Graded | None:
    """What a cell of the released notebook is worth; None where it carries no points."""
    if not is_grade(cell):
        return None
    meta = cell.metadata.nbgrader
    grade_id, written = str(meta["grade_id"]), is_solution(cell)
    named = CHECKED.search(cell.source) if not written else None
    kind, _, id = grade_id.partition("-")
    return Graded(
        named.group(1) if named else id.replace("-", ".") or kind,
        grade_id,
        float(meta["points"]),
        written,
    )


def max_score_of(release: NotebookNode) -> float:
    """The points of every graded cell together."""
    return float(sum(g.points for c in release.cells if (g := graded_of(c))))


def to_run(planted: Sequence[NotebookNode], release: Sequence[NotebookNode]) -> frozenset[int]:
    """The places of the cells that are run: the answers, what the student wrote, the imports.

    A demonstration that nobody changed is run only where an answer reads a name that it defines;
    a check never is: the course asks by itself.
    """
    given = {cell.id: cell.source for cell in release}
    code = {n: c for n, c in enumerate(planted) if c.cell_type == "code" and c.source.strip()}
    asked = {n for n, c in code.items() if _is_check(c, given)}
    demos = {n for n, c in code.items() if _is_demo(c) and given.get(c.id) == c.source}
    kept = code.keys() - asked - demos
    return frozenset(kept | _needed(code, kept, demos - asked))


def defined_below(
    check: int,
    planted: Sequence[NotebookNode],
    runs: frozenset[int],
    release: Sequence[NotebookNode],
) -> bool:
    """Whether what stands above a check reads or defines a name that the student's own cells below
    it define: a helper at the end of the notebook, or an answer that was mended further down."""
    given = {cell.source for cell in release}
    own = {n: planted[n].source for n in runs if planted[n].source not in given}
    above = frozenset().union(
        *(names_of(text) | names_read(text) for n, text in own.items() if n < check)
    )
    below = frozenset().union(*(names_of(text) for n, text in own.items() if n > check))
    return bool(above & below)


def _needed(code: Mapping[int, NotebookNode], kept: set[int], demos: set[int]) -> set[int]:
    """The demonstrations whose names the kept cells read, and those that these need in turn."""
    theirs = {n: names_of(code[n].source) for n in demos}
    wanted = frozenset().union(*(names_read(code[n].source) for n in kept))
    wanted -= frozenset().union(*(names_of(code[n].source) for n in kept))
    needed: set[int] = set()
    while new := {n for n in demos - needed if theirs[n] & wanted}:
        needed |= new
        wanted |= frozenset().union(*(names_read(code[n].source) for n in new))
    return needed


def _is_check(cell: NotebookNode, given: Mapping[str, str]) -> bool:
    """A check of the course: the locked cell, or the one under a written answer."""
    ours = is_grade(cell) and not is_solution(cell)
    return ours or (given.get(cell.id) == cell.source and bool(CHECKED.match(cell.source)))


def _is_demo(cell: NotebookNode) -> bool:
    return "demo" in cell.metadata.get("tags", ())
