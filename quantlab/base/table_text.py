"""Tables as plain text that fits a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from quantlab.base.table import Table

WIDTH = 100
GAP = 2
#: A column of words is not made narrower than this; a table with more columns is wider than WIDTH.
NARROWEST = 16


def text_of(summary: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """The line, each table with rows, and the notes. A caption stands above later tables."""
    parts = wrap(summary, WIDTH)
    for number, table in enumerate(tables):
        if table.rows:
            parts += ["", *filter(None, [table.caption])] if number else []
            parts += _lines(table)
    parts += [line for note in notes for line in wrap(note, WIDTH)]
    return "\n".join(parts)


def _lines(table: Table) -> list[str]:
    columns = table.shown
    cells = [[column.text(row) for column in columns] for row in table.rows]
    headers = [column.header for column in columns]
    numeric = [column.numeric for column in columns]
    widths = _widths(headers, cells, numeric)
    lines = _row(headers, widths, numeric, bottom=True)
    for row in cells:
        lines += _row(row, widths, numeric, bottom=False)
    return lines


def _widths(headers: list[str], cells: list[list[str]], numeric: list[bool]) -> list[int]:
    """As wide as the cells; where that is too wide headers are broken, then columns of words."""
    held = [max(_widest(cell) for cell in column) for column in zip(*cells, strict=True)]
    widths = [max(width, len(header)) for width, header in zip(held, headers, strict=True)]
    if _together(widths) > WIDTH:
        longest = [max(map(len, header.split()), default=0) for header in headers]
        widths = [max(pair) for pair in zip(held, longest, strict=True)]
    words = [i for i, of_numbers in enumerate(numeric) if not of_numbers]
    while words and _together(widths) > WIDTH:
        widest = max(words, key=lambda i: widths[i])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _together(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _widest(cell: str) -> int:
    return max(map(len, cell.split("\n")))


def _row(cells: list[str], widths: list[int], numeric: list[bool], *, bottom: bool) -> list[str]:
    """One row of cells, several lines where a cell is broken; a header's words stand below."""
    broken = [
        [line for part in cell.split("\n") for line in wrap(part, max(1, width)) or [""]]
        for cell, width in zip(cells, widths, strict=True)
    ]
    height = max(map(len, broken))
    blank = [[""] * (height - len(lines)) for lines in broken]
    padded = [b + lines if bottom else lines + b for b, lines in zip(blank, broken, strict=True)]
    return [
        (" " * GAP)
        .join(
            line.rjust(width) if of_numbers else line.ljust(width)
            for line, width, of_numbers in zip(lines, widths, numeric, strict=True)
        )
        .rstrip()
        for lines in zip(*padded, strict=True)
    ]
