"""The number line: a tensor's values as dots, and the tick each of them falls on."""

from __future__ import annotations

from typing import Any

import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE
from quantlab.teach.pictures.axis import Axis, draw_ruler, ticks_in_words
from quantlab.teach.pictures.drawing import TEXT, WIDTH, Canvas, Drawing, note, short, whole
from quantlab.teach.pictures.grid import Grid, finite

LEFT, RIGHT = 96.0, WIDTH - 24.0
#: Values further beyond the ruler than this share of its length are drawn at the paper's edge.
BEYOND = 0.3
#: Up to this many values each get a line to their tick.
FEW = 24
#: More values than this are thinned evenly: a tensor has thousands.
MOST = 200


def number_line(values: Any, ruler: Any, *, title: str = "") -> Drawing:
    """Values over a ruler: dots fall on their ticks, triangles fall off its end.

    Parameters
    ----------
    values : float array of any shape, a list or a number
        The tensor's values. NaN and infinity are left out and counted in the text.
    ruler : QParams of one whole tensor, a `Grid`, or (scale, zero_point, dtype)
        The zero_point may be one that the dtype cannot hold: the picture says so.
    title : str
        A line above the picture.

    Returns
    -------
    Drawing
        A ruler that cannot be drawn (scale 0, NaN) gives a drawing that says why in a sentence,
        so a card may pass whatever a learner's function returned.
    """
    try:
        grid = Grid.of(ruler)
    except (TypeError, ValueError) as reason:
        return note(f"No number line: {reason}")
    shown = finite(values)
    axis = _axis(grid, shown)
    canvas = Canvas(height=212 if title else 186)
    top = 26 if title else 0
    if title:
        canvas.text(20, 28, title, INK, TEXT + 1, "start", bold=True)
    _legend(canvas, grid, axis, shown, top + 26)
    _zero(canvas, grid, axis, top + 44, top + 116)
    _values(canvas, grid, axis, _thinned(shown), top + 104)
    draw_ruler(canvas, grid, axis, top + 116, [grid.tick(v) for v in shown[:3]])
    return canvas.finish(_words(grid, shown, values))


def _axis(grid: Grid, shown: list[float]) -> Axis:
    room = BEYOND * (grid.hi - grid.lo)
    lo = max(min([grid.lo, *shown]), grid.lo - room)
    hi = min(max([grid.hi, *shown]), grid.hi + room)
    # 0 belongs into the picture, also of a ruler that wrongly leaves it out.
    lo, hi = min(lo, max(0.0, grid.lo - 4 * room)), max(hi, min(0.0, grid.hi + 4 * room))
    return Axis(lo, hi, LEFT + 10, RIGHT - 10)


def _thinned(shown: list[float]) -> list[float]:
    if len(shown) <= MOST:
        return shown
    ordered = sorted(shown)
    last = len(ordered) - 1
    return [ordered[round(k * last / (MOST - 1))] for k in range(MOST)]


def _legend(canvas: Canvas, grid: Grid, axis: Axis, shown: list[float], y: float) -> None:
    x = 20.0
    off = grid.off(shown)
    if not off.all():
        canvas.dot(x + 4, y - 4)
        canvas.text(x + 16, y, "value, falls on a tick", INK, anchor="start")
        x += 170
    if off.any():
        canvas.triangle(x + 4, y - 4, 1)
        canvas.text(x + 18, y, "off the ruler: saturates", ORANGE, anchor="start")
    canvas.text(WIDTH - 20, y, ticks_in_words(grid, axis), GREY, anchor="end")


def _zero(canvas: Canvas, grid: Grid, axis: Axis, top: float, y: float) -> None:
    x = axis.at(0.0)  # at the paper's edge when 0 is far off the ruler
    canvas.line(x, top, x, y, INK if grid.has_zero else ORANGE, 1.2, "4 4")
    if not grid.has_zero:
        canvas.text(x, y + 30, "0", ORANGE, bold=True)
        canvas.text(x, y + 53, "no tick", ORANGE, bold=True)


def _values(canvas: Canvas, grid: Grid, axis: Axis, shown: list[float], y: float) -> None:
    """Dots and triangles; few of them hang on a line to their tick, many pile up small."""
    few = len(shown) <= FEW
    radius, rise, levels = (5.0, 11.0, 4) if few else (2.6, 6.0, 9)
    marks: list[tuple[float, bool, float, float]] = []
    ordered = sorted(shown)
    for value, off in zip(ordered, grid.off(ordered), strict=True):
        x = axis.at(value)
        taken = set()
        for *_, other, mark_y in reversed(marks):  # from the nearest mark to the left onwards
            if x - other >= 2 * radius:
                break
            taken.add(mark_y)
        free = (y - 14 - rise * level for level in range(levels))
        marks.append((value, off, x, next((at for at in free if at not in taken), y - 14)))
    for value, off, x, dot_y in marks if few else ():  # lines first: no line crosses a dot
        tick = axis.at(grid.real(grid.tick(value)))
        canvas.line(x, dot_y, tick, y + 12, ORANGE if off else BLUE, 1.2, "3 3" if off else "")
    for value, off, x, dot_y in marks:
        if off:
            canvas.triangle(x, dot_y, -1 if value < grid.lo else 1, radius / 5)
        else:
            canvas.dot(x, dot_y, radius=radius)


def _words(grid: Grid, shown: list[float], values: Any) -> str:
    where = f"at zero_point {whole(grid.zero_point)}"
    if not grid.has_zero:
        span = f"{whole(grid.qmin)} to {grid.qmax}"
        where = f"on no tick: zero_point {whole(grid.zero_point)} is outside {span}"
    said = (
        f"Number line from {short(grid.lo)} to {short(grid.hi)}: {grid.ticks:,} ticks, one every "
        f"{short(grid.scale)}, with 0 {where}."
    )
    off = grid.off(shown)
    if 0 < len(shown) <= 6:
        pairs = ", ".join(
            f"{short(v)} → {whole(grid.tick(v))}{' (saturated)' if gone else ''}"
            for v, gone in zip(shown, off, strict=True)
        )
        said += f" The values: {pairs}."
    elif shown:
        said += f" {len(shown):,} values, {int(off.sum()):,} of them off the ruler."
    return said + _left_out(shown, values)


def _left_out(shown: list[float], values: Any) -> str:
    missing = int(np.size(values)) - len(shown)
    return f" {missing:,} not finite, left out." if missing else ""
