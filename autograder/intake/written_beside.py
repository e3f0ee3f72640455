"""A written answer that does not stand in its own cell: in a new one beside it, under the question.

It would be an empty gap, which is worth nothing and is shown to nobody. A person reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.intake.defined_names import names_of


def take_in(
    release: Sequence[NotebookNode],
    texts: MutableMapping[int, NotebookNode],
    extras: Mapping[int, list[NotebookNode]],
) -> list[int]:
    """Put what was written beside an empty written answer into it, and take the cells beside it out
    of `extras`; the places of these answers.

    texts   the submitted cell for each place of `release`.
    extras  the cells that the student added, by the place they stand after.
    """
    taken = []
    for i, cell in enumerate(release):
        own = texts[i].source if i in texts else ""
        if not (is_grade(cell) and is_solution(cell)) or own.strip() not in (
            "",
            cell.source.strip(),
        ):
            continue
        found = [text for text in _beside(i, release, texts, extras) if text.strip()]
        if found:
            texts[i] = _as_answer(cell, "\n\n".join(found))
            taken.append(i)
    return taken


def _as_answer(gap: NotebookNode, text: str) -> NotebookNode:
    """The text as its cell holds one: as it is, or between the quotes of an assignment."""
    if gap.cell_type != "code":
        return nbformat.v4.new_markdown_cell(text)
    name = min(names_of(gap.source), default="answer")
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return nbformat.v4.new_code_cell(f'{name} = """\n{quoted}\n"""')


def _beside(
    i: int,
    release: Sequence[NotebookNode],
    texts: Mapping[int, NotebookNode],
    extras: Mapping[int, list[NotebookNode]],
) -> Iterator[str]:
    question = release[i - 1]
    above = texts[i - 1].source if i - 1 in texts and question.cell_type == "markdown" else ""
    if above.startswith(question.source) and not is_grade(question):
        yield above.removeprefix(question.source)  # "" where nothing was written there
    for place in (i - 1, i):
        added = extras.get(place, [])
        yield from (cell.source for cell in added if cell.cell_type != "code")
        added[:] = [cell for cell in added if cell.cell_type == "code"]
