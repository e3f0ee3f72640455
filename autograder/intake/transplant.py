"""Puts a submission's answers into the released notebook, by the name of each answer cell.

Repairing a stranger's notebook has no end: copied cells, removed metadata, edited checks, tags that
switch a cell off. So the trusted notebook is the start, and only text moves: the answers, the cells
the student added or changed, in the order of the lesson. Metadata and outputs stay behind.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.intake import written_beside
from autograder.intake.defined_names import names_of, without_names
from autograder.intake.ingest import Refused
from quantlab.teach.judging.verdict import Verdict

HALF_A_CHARACTER = (
    'raise ValueError("This cell holds half of a character, which Python cannot run. Write the '
    'line with it anew.")'
)


@dataclass(frozen=True)
class Transplanted:
    """The notebook that is run, and what the instructor should know about the submitted one."""

    notebook: NotebookNode
    notes: tuple[str, ...] = ()


def transplant(release: NotebookNode, submitted: NotebookNode) -> Transplanted:
    """The released notebook with the submission's text in it.

    Raises Refused (malformed) when not one answer cell of the lesson is found.
    """
    places = _places(release.cells, submitted.cells)
    answers = {i for i, cell in enumerate(release.cells) if is_solution(cell)}
    if answers and (_is_another(release, submitted) or not answers & set(places.values())):
        raise Refused(
            Verdict.MALFORMED,
            "Not one answer cell of this lesson is in the notebook: it is another notebook, or its "
            "cell metadata was removed. Please hand in the notebook that the course gave out.",
        )
    texts, extras, twice = _sorted_in(release.cells, submitted.cells, places)
    notes = [f"{_name(release.cells[i])} stands in the notebook more than once." for i in twice]
    beside = written_beside.take_in(release.cells, texts, extras)
    notes += [f"{_name(release.cells[i])}: its text stood beside it." for i in beside]
    theirs = _names_written(release.cells, [*texts.items(), *_all(extras)])
    notes += [_missing(release.cells[i], theirs) for i in sorted(answers - texts.keys())]
    notebook = _assembled(release, texts, extras)
    _make_way(notebook, release.cells, theirs)
    return Transplanted(notebook, tuple(notes))


def with_note(release: NotebookNode, sentence: str) -> NotebookNode:
    """The released notebook under one sentence: what formgrader shows for an unread submission."""
    notebook = copy.deepcopy(release)
    note = nbformat.v4.new_markdown_cell(f"**This submission could not be graded.** {sentence}")
    note.id = "could-not-be-graded"
    notebook.cells = [note, *notebook.cells]
    return notebook


def _is_another(release: NotebookNode, submitted: NotebookNode) -> bool:
    """Whether it has graded cells, and not one of them is of this lesson. Cells that say the same
    in every lesson, such as an empty written answer, are no sign of it."""
    theirs = {grade for cell in submitted.cells if (grade := _grade_id(cell))}
    return bool(theirs) and not theirs & {_grade_id(cell) for cell in release.cells}


def _places(release: Sequence[NotebookNode], cells: Sequence[NotebookNode]) -> dict[int, int]:
    """Which released cell each submitted cell is: by grade id, by cell id, by equal text, or,
    for an answer without any of these, by standing right above its check."""
    by_grade = {grade: i for i, cell in enumerate(release) if (grade := _grade_id(cell))}
    places = {n: by_grade[g] for n, cell in enumerate(cells) if (g := _grade_id(cell)) in by_grade}
    for key in ("id", "source"):
        lookup = {cell.get(key): i for i, cell in enumerate(release)}
        for n, cell in enumerate(cells):
            place = lookup.get(cell.get(key))
            if n not in places and place is not None and place not in places.values():
                places[n] = place
    for n in range(len(cells) - 1):
        above = places.get(n + 1, 0) - 1
        free = n not in places and above >= 0 and above not in places.values()
        if free and is_solution(release[above]) and is_grade(release[above + 1]):
            places[n] = above
    return places


def _sorted_in(
    release: Sequence[NotebookNode], cells: Sequence[NotebookNode], places: dict[int, int]
) -> tuple[dict[int, NotebookNode], dict[int, list[NotebookNode]], list[int]]:
    """The text for each released cell, the extra cells after each (-1: at the top), and what stands
    there twice. A copy of an answer runs where it stands, as it did for the student; an untouched
    copy is dropped, because it would only undo the answer."""
    texts: dict[int, NotebookNode] = {}
    extras: dict[int, list[NotebookNode]] = {}
    twice: list[int] = []
    here = -1
    for n, cell in enumerate(cells):
        if n not in places:
            extras.setdefault(here, []).append(cell)
            continue
        here = places[n]
        if here not in texts:
            texts[here] = cell
            continue
        if here not in twice:
            twice.append(here)
        untouched = release[here].source
        if not is_solution(release[here]) or cell.source in (untouched, texts[here].source):
            continue
        if texts[here].source == untouched:
            texts[here] = cell
        else:
            extras.setdefault(here, []).append(cell)
    return texts, extras, twice


def _assembled(
    release: NotebookNode, texts: dict[int, NotebookNode], extras: dict[int, list[NotebookNode]]
) -> NotebookNode:
    notebook = copy.deepcopy(release)
    cells = [_extra(cell) for cell in extras.get(-1, [])]
    for i, cell in enumerate(notebook.cells):
        ours = _grade_id(cell) is not None and not is_solution(cell)
        if i in texts and ours and _text(texts[i]) != cell.source:
            cells.append(_extra(texts[i]))  # an answer that was written into its check
        elif i in texts and not ours:
            cell.source = _text(texts[i])
            if cell.cell_type == "markdown" and "attachments" in texts[i]:
                cell.attachments = texts[i].attachments
        cells.append(cell)
        cells += [_extra(extra) for extra in extras.get(i, [])]
    for n, cell in enumerate(c for c in cells if "id" not in c):
        cell.id = f"added-{n + 1}"
    notebook.cells = cells
    return notebook


def _all(extras: dict[int, list[NotebookNode]]) -> list[tuple[int, NotebookNode]]:
    return [(-1, cell) for cells in extras.values() for cell in cells]


def _names_written(
    release: Sequence[NotebookNode], cells: Sequence[tuple[int, NotebookNode]]
) -> frozenset[str]:
    """The names that the submission defines in code of its own, whichever cell that stands in."""
    written = [
        _text(cell)
        for i, cell in cells
        if cell.cell_type == "code" and (i < 0 or _text(cell) != release[i].source)
    ]
    return frozenset().union(*map(names_of, written))


def _make_way(
    notebook: NotebookNode, release: Sequence[NotebookNode], names: frozenset[str]
) -> None:
    """A stub never stands over an answer: what is defined in another cell leaves its own empty."""
    stubs = {grade: cell.source for cell in release if (grade := _grade_id(cell))}
    for cell in notebook.cells:
        untouched = is_solution(cell) and cell.source == stubs.get(_grade_id(cell) or "")
        if untouched and cell.cell_type == "code":
            cell.source = without_names(cell.source, names)


def _missing(cell: NotebookNode, names: frozenset[str]) -> str:
    own = names_of(cell.source) if cell.cell_type == "code" else frozenset()
    if own and own <= names:
        return f"{_name(cell)} is missing; its answer stands in another cell."
    return f"{_name(cell)} is missing."


def _extra(cell: NotebookNode) -> NotebookNode:
    """A cell the student added: its text, and nothing else of it."""
    new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    made = new(_text(cell))
    del made["id"]
    return made


def _text(cell: NotebookNode) -> str:
    """JSON may hold half of a surrogate pair, which no file can. In prose it becomes a question
    mark; in code the cell stays one that does not run, as it was where it was written."""
    source = str(cell.source)
    text = source.encode("utf-8", "replace").decode("utf-8")
    return text if text == source or cell.cell_type != "code" else HALF_A_CHARACTER


def _grade_id(cell: NotebookNode) -> str | None:
    meta = cell.metadata.get("nbgrader")
    id = meta.get("grade_id") if isinstance(meta, dict) else None
    return id if isinstance(id, str) and id else None


def _name(cell: NotebookNode) -> str:
    """`exercise-1-2` as a person says it: exercise 1.2."""
    kind, _, id = (_grade_id(cell) or "a cell").partition("-")
    return f"The cell {kind} {id.replace('-', '.')}".rstrip()
