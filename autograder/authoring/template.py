"""What every lesson has in common, as rules of `autograder lint`: verbs, short cells, minutes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from quantlab.teach.source import SourceCell

VERBS = ("check", "hint", "i_can", "predict", "quiz", "reveal", "solution")
#: A card names these in any lesson that has an exercise, whatever the text says.
OF_A_CARD = frozenset(("check", "hint", "solution"))
CALL = re.compile(rf"(?<![\w.])({'|'.join(VERBS)})\(")
MOST_LINES = 12
MINUTES = re.compile(r"\babout \{\{[^{}]+\}\} minutes\b", re.I)


def verb_problems(cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """Each verb that a text, a cell or a card calls is imported in the first code cell."""
    shown = [cell for cell in cells if not _is(cell, "facts")]
    called = {verb for cell in shown for verb in CALL.findall(cell.source)}
    if any(_is(cell, "exercise", "written") for cell in cells):
        called |= OF_A_CARD
    first = next((cell for cell in shown if cell.cell_type == "code"), None)
    there = _imported(first.source) if first else set()
    if missing := sorted(called - there):
        yield (
            f"its first code cell does not import {', '.join(missing)}, which its text, its cells "
            f"or its cards call; write from quantlab.learn import {', '.join(sorted(called))}."
        )


def length_problems(cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """A demonstration shows what matters; what it needs besides lies in the lesson's material."""
    for cell in cells:
        if _is(cell, "demo") and (lines := code_lines(cell.source)) > MOST_LINES:
            opening = next(row for row in cell.source.splitlines() if row.strip())
            yield (
                f'the demonstration that begins with "{opening}" has {lines} lines of code; '
                f"expected are {MOST_LINES} at most. Move the rest to the lesson's material."
            )


def minutes_problems(name: str, cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """A lesson with a number says how long all of it takes, computed from its exercises."""
    promise = "\n".join(cell.source for cell in cells if cell.spine == "promise")
    if name[:2].isdigit() and not MINUTES.search(" ".join(promise.split())):
        yield 'its promise does not say "about {{minutes}} minutes", with minutes from its facts.'


def code_lines(source: str) -> int:
    """Lines that are neither blank, nor a comment, nor part of an import."""
    imports: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    rows = enumerate(source.splitlines(), start=1)
    return sum(bool(row.split("#")[0].strip()) and place not in imports for place, row in rows)


def _imported(source: str) -> set[str]:
    return {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _is(cell: SourceCell, *kinds: str) -> bool:
    return cell.tag is not None and cell.tag.kind in kinds
