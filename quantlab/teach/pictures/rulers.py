"""Several rulers over one axis: what another dtype or scheme does to the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quantlab.base.palette import GREY, INK
from quantlab.teach.pictures.axis import Axis, draw_ruler, ticks_in_words
from quantlab.teach.pictures.drawing import TEXT, WIDTH, Canvas, Drawing, note, short, whole
from quantlab.teach.pictures.grid import Grid, finite

LEFT, RIGHT, ROW = 106.0, WIDTH - 34.0, 136.0


def rulers(rows: Mapping[str, Any], values: Any = ()) -> Drawing:
    """Rulers under one another, to one measure, with the same values on each.

    Parameters
    ----------
    rows : mapping from a title to QParams of one whole tensor, a `Grid` or (scale, zero_point,
        dtype). One that cannot be drawn makes the whole drawing a sentence.
    values : numbers
        Dots where the ruler says them, triangles where they fall off its end.
    """
    try:
        grids = {title: Grid.of(row) for title, row in rows.items()}
    except (TypeError, ValueError) as reason:
        return note(f"No rulers: {reason}")
    if not grids:
        return note("No rulers: there is none to show.")
    shown = finite(values)
    lo = min([*(g.lo for g in grids.values()), *shown])
    hi = max([*(g.hi for g in grids.values()), *shown])
    axis = Axis(lo, hi, LEFT, RIGHT)
    canvas = Canvas(height=ROW * len(grids) + 12)
    for place, (title, grid) in enumerate(grids.items()):
        top = place * ROW
        canvas.text(20, top + 28, title, INK, TEXT, "start", bold=True)
        facts = f"{ticks_in_words(grid, axis)}, scale {short(grid.scale)}"
        canvas.text(WIDTH - 20, top + 28, facts, GREY, anchor="end")
        for value in shown:
            if grid.saturates(value):
                canvas.triangle(axis.at(value), top + 54, -1 if value < grid.lo else 1)
            else:
                canvas.dot(axis.at(value), top + 54)
        draw_ruler(canvas, grid, axis, top + 72, [])
    return canvas.finish(_words(grids, shown))


def _words(grids: dict[str, Grid], shown: list[float]) -> str:
    parts = []
    for title, grid in grids.items():
        off = sum(grid.saturates(v) for v in shown)
        worst = max((abs(grid.error(v)) for v in shown), default=0.0)
        said = f"{title}: {grid.ticks:,} ticks, scale {short(grid.scale)}"
        said += f", zero_point {whole(grid.zero_point)}"
        if shown:
            said += f", largest error {short(worst)}"
        parts.append(said + (f", {off} of {len(shown)} saturate" if off else ""))
    return f"{len(grids)} rulers to one measure. " + "; ".join(parts) + "."
