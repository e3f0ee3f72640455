"""The lesson's picture: a range, the ruler laid over it, and single values under a lens."""

from __future__ import annotations

from typing import Any

from quantlab.base.palette import AMBER, BLUE, GREY, INK, ORANGE, PALE, PAPER, SKY
from quantlab.numerics.choose import choose_qparams
from quantlab.teach.pictures.axis import Axis, draw_ruler
from quantlab.teach.pictures.drawing import TEXT, WIDTH, Canvas, Drawing, note, short, signed, whole
from quantlab.teach.pictures.grid import Grid, finite

LEFT, RIGHT = 106.0, WIDTH - 34.0
#: So many values get a lens of their own.
LENSES = 3
LENS_TOP, LENS_HEIGHT, LENS_WIDEST = 208.0, 150.0, 400.0
#: A lens reaches this many steps to either side of its middle tick.
LENS_STEPS = 2.4


def ruler(
    lo: float,
    hi: float,
    dtype: str = "uint8",
    scheme: str = "asymmetric",
    values: Any = (),
    *,
    narrow: bool = False,
) -> Drawing:
    """The ruler that `choose_qparams` lays over [lo, hi], and what it does to a few values.

    Parameters
    ----------
    lo, hi : float
        The tensor's range. A range no ruler fits (lo > hi, NaN) gives a drawing that says why.
    dtype, scheme, narrow
        As in `choose_qparams`.
    values : numbers
        The first three are looked at under a lens: the distance between two ticks is the scale,
        the thick bar the error of rounding to the nearest tick.
    """
    try:
        grid = Grid.of(choose_qparams(lo, hi, dtype=dtype, scheme=scheme, narrow=narrow))
    except ValueError as reason:
        return note(f"No ruler: {reason}")
    shown = sorted(finite(values)[:LENSES])
    room = 0.12 * (grid.hi - grid.lo)
    axis = Axis(grid.lo - room, grid.hi + room, LEFT, RIGHT)
    canvas = Canvas(height=LENS_TOP + LENS_HEIGHT + 14 if shown else 196)
    canvas.text(20, 28, f"{grid.dtype.upper()}, {scheme}", INK, TEXT + 1, "start", bold=True)
    facts = (
        f"{grid.ticks:,} ticks, scale = {short(grid.scale)}, zero_point = {whole(grid.zero_point)}"
    )
    canvas.text(WIDTH - 20, 28, facts, INK, TEXT, "end")
    _range_bar(canvas, axis, lo, hi)
    _lenses(canvas, grid, axis, shown)
    draw_ruler(canvas, grid, axis, 122, [grid.tick(v) for v in shown])
    for value in shown:
        _mark(canvas, grid, value, axis.at(value), 108)
    return canvas.finish(_words(grid, lo, hi, scheme, shown))


def _range_bar(canvas: Canvas, axis: Axis, lo: float, hi: float) -> None:
    start, end = axis.at(lo), axis.at(hi)
    canvas.rect(start, 66, max(end - start, 3), 14, SKY, radius=4)
    words = f"range of the tensor [{short(lo)}, {short(hi)}]"
    half = len(words) * 3.6
    middle = min(max((start + end) / 2, 20 + half), WIDTH - 20 - half)
    canvas.text(middle, 58, words, INK)


def _mark(canvas: Canvas, grid: Grid, value: float, x: float, y: float) -> None:
    if grid.saturates(value):
        canvas.triangle(x, y, -1 if value < grid.lo else 1)
    else:
        canvas.dot(x, y)


def _lenses(canvas: Canvas, grid: Grid, axis: Axis, shown: list[float]) -> None:
    if not shown:
        return
    gap = 14.0
    width = min(LENS_WIDEST, (WIDTH - 40 - gap * (len(shown) - 1)) / len(shown))
    left = (WIDTH - width * len(shown) - gap * (len(shown) - 1)) / 2
    for value in shown:
        tick = axis.at(grid.real(grid.tick(value)))
        corners = f"M{tick:.1f},136 L{left + 8:.1f},{LENS_TOP} H{left + width - 8:.1f} Z"
        canvas.path(corners, "none", 0, "#F3F5F7")
        canvas.rect(left, LENS_TOP, width, LENS_HEIGHT, PAPER, PALE, 2, 8)
        _lens(canvas, grid, value, left, width)
        left += width + gap


def _lens(canvas: Canvas, grid: Grid, value: float, left: float, width: float) -> None:
    """Five ticks around the one that `value` falls on."""
    q, middle, line = grid.tick(value), left + width / 2, LENS_TOP + 86
    step = width / (2 * LENS_STEPS)
    ticks = [k for k in range(-2, 3) if grid.qmin <= q + k <= grid.qmax]
    first = middle - LENS_STEPS * step if ticks[0] == -2 else middle + ticks[0] * step
    last = middle + LENS_STEPS * step if ticks[-1] == 2 else middle + ticks[-1] * step
    canvas.line(first + 3, line, last - 3, line, INK, 2)
    for k in ticks:
        at = middle + k * step
        canvas.line(at, line - 10, at, line + 10, INK if k == 0 else GREY, 2.5 if k == 0 else 1.5)
        number = whole(q + k)
        if k == 0 or step > 7.4 * len(number) + 8:
            canvas.text(at, line + 26, number, BLUE, bold=k == 0)
    pair = ticks[0] if ticks[0] < 0 else ticks[-1] - 1
    canvas.bracket(middle + pair * step, middle + (pair + 1) * step, LENS_TOP + 30, BLUE, 44)
    words = f"scale {short(grid.scale)}"
    at_scale = max(middle + (pair + 0.5) * step, left + 6 + 3.7 * len(words))
    canvas.text(at_scale, LENS_TOP + 22, words, BLUE)
    offset = -grid.error(value) / grid.scale
    x = middle + step * min(max(offset, -LENS_STEPS + 0.2), LENS_STEPS - 0.2)
    canvas.line(middle, line, x, line, ORANGE if grid.saturates(value) else AMBER, 6)
    _mark(canvas, grid, value, x, line - 18)
    canvas.line(x, line - 12, x, line, INK, 1)
    canvas.text(x, line - 30, short(value), INK, bold=True)
    read = f"read back {short(grid.real(q))}"
    error = f"error {signed(grid.error(value))}"
    one_line = width > 300
    canvas.text(middle, line + 44, f"{read}, {error}" if one_line else read, INK)
    if not one_line:
        canvas.text(middle, line + 60, error, INK)


def _words(grid: Grid, lo: float, hi: float, scheme: str, shown: list[float]) -> str:
    said = (
        f"The {scheme} {grid.dtype} ruler over the range {short(lo)} to {short(hi)} has "
        f"{grid.ticks:,} ticks from {short(grid.lo)} to {short(grid.hi)}, one every "
        f"{short(grid.scale)}, with 0 at zero_point {whole(grid.zero_point)}."
    )
    for value in shown:
        off = " (off the ruler, it saturates)" if grid.saturates(value) else ""
        said += (
            f" {short(value)} becomes {whole(grid.tick(value))}{off}, read back "
            f"{short(grid.real(grid.tick(value)))}, error {signed(grid.error(value))}."
        )
    return said
