"""The heat map: tiny tensors side by side, numbers in their cells, differing cells outlined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PAPER
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, note, short

#: At most this many rows, columns and tensors fit; the rest is left out and counted.
MOST_ROWS, MOST_COLUMNS, MOST_PANELS = 8, 8, 3
CELL_HEIGHT = 30.0
MARGIN, GUTTER = 20.0, 22.0


def heat_map(panels: Mapping[str, Any]) -> Drawing:
    """Tensors as tables of coloured cells; where they differ from the first, an outline.

    Parameters
    ----------
    panels : mapping from title to array
        One to three arrays of numbers. A 1-D array is one row; an array of more than two axes
        is shown as shape[0] rows. Cells beyond 8 x 8 are left out and counted.

    Returns
    -------
    Drawing
        Blue is below zero, orange above; the number stands in every cell, so colour is a help
        and never the only sign. A cell is outlined in every panel where any panel of the first
        one's shape holds another number there. What is not numeric gives a sentence instead.
    """
    if not panels:
        return note("No heat map: there is no tensor to show.")
    tables: dict[str, np.ndarray] = {}
    for title, array in list(panels.items())[:MOST_PANELS]:
        try:
            tables[title] = _as_table(array)
        except (TypeError, ValueError):
            return note(f"No heat map: “{title}” is not an array of numbers.")
        if tables[title].size == 0:
            return note(f"No heat map: “{title}” is empty.")
    differ = _differing(list(tables.values()))
    rows = max(min(len(t), MOST_ROWS) for t in tables.values())
    below = any(_is_cropped(t) for t in tables.values())
    canvas = Canvas(height=48 + rows * CELL_HEIGHT + (30 if below else 14))
    share = (WIDTH - 2 * MARGIN - GUTTER * (len(tables) - 1)) / len(tables)
    for place, (title, table) in enumerate(tables.items()):
        left = MARGIN + place * (share + GUTTER)
        _panel(canvas, title, table, differ if table.shape == differ.shape else None, left, share)
    return canvas.finish(_words(tables, differ))


def _as_table(array: Any) -> np.ndarray:
    values = np.asarray(array)
    if values.dtype.kind not in "fiub":
        raise ValueError("not numeric")
    values = values.astype(np.float64)
    return values.reshape(1, -1) if values.ndim < 2 else values.reshape(len(values), -1)


def _differing(tables: list[np.ndarray]) -> np.ndarray:
    """Boolean table of the first one's shape: True where another of that shape differs."""
    first = tables[0]
    differ = np.zeros(first.shape, dtype=bool)
    for other in tables[1:]:
        if other.shape == first.shape:
            differ |= ~((first == other) | (np.isnan(first) & np.isnan(other)))
    return differ


def _is_cropped(table: np.ndarray) -> bool:
    return table.shape[0] > MOST_ROWS or table.shape[1] > MOST_COLUMNS


def _panel(
    canvas: Canvas,
    title: str,
    table: np.ndarray,
    differ: np.ndarray | None,
    left: float,
    share: float,
) -> None:
    shown = table[:MOST_ROWS, :MOST_COLUMNS]
    digits = _digits(share / shown.shape[1])
    width = min(share / shown.shape[1], 72.0)
    finite = np.abs(shown[np.isfinite(shown)])
    largest = finite.max() if finite.size and finite.max() > 0 else 1.0
    canvas.text(left, 30, title, INK, TEXT, "start", bold=True)
    for (row, column), value in np.ndenumerate(shown):
        x, y = left + column * width, 42 + row * CELL_HEIGHT
        canvas.rect(x, y, width - 2, CELL_HEIGHT - 2, _shade(value, largest), radius=3)
        canvas.text(x + width / 2 - 1, y + 19, _fitting(value, digits), INK, SMALL)
    for row, column in np.argwhere(differ[:MOST_ROWS, :MOST_COLUMNS]) if differ is not None else ():
        x, y = left + column * width, 42 + row * CELL_HEIGHT
        canvas.rect(x, y, width - 2, CELL_HEIGHT - 2, "none", INK, 2.5, 3)
    if _is_cropped(table):
        words = f"first {len(shown)} × {shown.shape[1]} of {table.shape[0]:,} × {table.shape[1]:,}"
        y = 42 + len(shown) * CELL_HEIGHT + 16
        canvas.text(left, y, words, GREY, SMALL, "start")


def _digits(cell_width: float) -> int:
    """How many characters of 7.6 units fit into a cell."""
    return max(2, int((cell_width - 6) // 7.6))


def _fitting(value: float, characters: int) -> str:
    """The number in as many significant digits as fit; the text twin keeps four."""
    for significant in (4, 3, 2, 1):
        written = short(float(f"{value:.{significant}g}"))
        if len(written) <= characters:
            break
    return written


def _shade(value: float, largest: float) -> str:
    """Paper at zero, towards blue below and orange above; ink is read on it in either theme."""
    if not np.isfinite(value):
        return "#D9D9D9"
    strength = 0.5 * min(abs(value) / largest, 1.0)
    towards = BLUE if value < 0 else ORANGE
    parts = (
        round(int(PAPER[k : k + 2], 16) * (1 - strength) + int(towards[k : k + 2], 16) * strength)
        for k in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in parts)


def _words(tables: dict[str, np.ndarray], differ: np.ndarray) -> str:
    shapes = ", ".join(f"{title} ({t.shape[0]} × {t.shape[1]})" for title, t in tables.items())
    said = f"Heat map of {shapes}."
    if len(tables) == 1:
        ((_, table),) = tables.items()
        return f"{said} Values from {short(np.min(table))} to {short(np.max(table))}."
    if not all(t.shape == differ.shape for t in tables.values()):
        return f"{said} The shapes differ."
    count = int(differ.sum())
    if count == 0:
        return f"{said} No cell differs."
    row, column = (int(k) for k in np.argwhere(differ)[0])
    held = ", ".join(f"{title} {short(t[row, column])}" for title, t in tables.items())
    noun = "cell differs" if count == 1 else "cells differ"
    return f"{said} {count:,} {noun}; the first is row {row}, column {column}: {held}."
