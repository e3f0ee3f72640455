"""Reads a lesson source (jupytext percent) and the short tags that authors put on cells.

    # %% box 1.2 [markdown]        the exercise text; the build puts heading and facts in front
    # %% exercise 1.2              the gap
    # %% check 1.2 points=3        the check, in the very next cell
    # %% written 2.5 points=2      a text, graded by hand in a class
    # %% facts                     runs while building; its names fill {{...}} in the prose
    # %% demo                      an ordinary cell

A section of the lesson's spine is marked on the markdown cell that opens it: `spine="idea"`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

TagKind = Literal["box", "exercise", "check", "written", "facts", "demo"]
REGION = re.compile(
    r"^[ \t]*### BEGIN SOLUTION[ \t]*\n(.*?)^[ \t]*### END SOLUTION[ \t]*$\n?", re.M | re.S
)


@dataclass(frozen=True)
class Tag:
    """What a cell is for: the kind, and the exercise or quiz id it belongs to ("" for none)."""

    kind: TagKind
    id: str = ""


@dataclass(frozen=True)
class SourceCell:
    """One cell of a lesson source, in order."""

    cell_type: Literal["code", "markdown", "raw"]
    source: str
    tag: Tag | None
    points: float | None
    spine: str | None


def parse_tag(title: str) -> Tag | None:
    """The tag in a cell's title, None for an empty one. ValueError for a title that is no tag."""
    words = title.split()
    if not words:
        return None
    kinds = get_args(TagKind)
    needs_id = words[0] not in ("facts", "demo")
    if words[0] not in kinds or len(words) != 1 + needs_id:
        raise ValueError(
            f'The cell title "{title}" is no tag; expected is one of {", ".join(kinds)}, '
            'followed by an id where it needs one, such as "exercise 1.2".'
        )
    return Tag(cast(TagKind, words[0]), words[1] if needs_id else "")


def read_lesson(path: Path) -> tuple[SourceCell, ...]:
    """All cells of the lesson source at `path`. ValueError for an unknown tag, with the file."""
    import jupytext

    notebook = jupytext.read(path)
    cells = []
    for cell in notebook.cells:
        meta: dict[str, Any] = cell.metadata
        try:
            tag = parse_tag(meta.get("title", ""))
        except ValueError as said:
            raise ValueError(f"{path.name}: {said}") from None
        cells.append(
            SourceCell(cell.cell_type, cell.source, tag, meta.get("points"), meta.get("spine"))
        )
    return tuple(cells)


def without_markers(source: str) -> str:
    """The source with its solution in place and the BEGIN/END lines gone."""
    return REGION.sub(lambda region: region.group(1), source)
