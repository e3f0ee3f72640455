"""The error curve: what a round trip through the integers adds to each real number."""

from __future__ import annotations

from typing import Any

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE_BLUE, SKY
from quantlab.teach.pictures.axis import Axis
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, note, short
from quantlab.teach.pictures.grid import Grid, finite

LEFT, RIGHT, TOP, BOTTOM = 96.0, WIDTH - 24.0, 58.0, 232.0
#: Teeth narrower than this (drawing units) become a solid band, which the legend says.
FINEST = 3.0
#: The vertical axis reaches this many half steps, so that saturation leaves the band.
HALF_STEPS = 3.0


def error_curve(ruler: Any, values: Any = ()) -> Drawing:
    """Round-trip error against the real number: a saw-tooth on the ruler, a ramp off it.

    Parameters
    ----------
    ruler : QParams of one whole tensor, a `Grid`, or (scale, zero_point, dtype)
    values : optional numbers, shown as dots on the curve

    Returns
    -------
    Drawing
        The band of half a step is shaded. Beyond the ruler's ends the error grows with the
        distance and soon leaves the picture. A ruler that cannot be drawn gives a sentence.
    """
    try:
        grid = Grid.of(ruler)
    except (TypeError, ValueError) as reason:
        return note(f"No error curve: {reason}")
    axis = _axis(grid)
    canvas = Canvas(height=296)
    _frame(canvas, grid, axis)
    _teeth(canvas, grid, axis)
    _ramps(canvas, grid, axis)
    shown = [v for v in finite(values) if axis.shows(v)]
    for value in shown:
        y = _height(grid, grid.error(value))
        if grid.saturates(value):
            canvas.triangle(axis.at(value), y, -1 if value < grid.lo else 1)
        else:
            canvas.dot(axis.at(value), y)
    return canvas.finish(_words(grid, shown))


def _axis(grid: Grid) -> Axis:
    """The ruler and, on either side, enough room to see the ramp leave the band."""
    room = max(0.12 * (grid.hi - grid.lo), 2 * grid.scale)
    return Axis(grid.lo - room, grid.hi + room, LEFT, RIGHT)


def _height(grid: Grid, error: float) -> float:
    """Where an error lies on the paper; errors beyond the axis lie at its ends."""
    share = min(max(error / (HALF_STEPS * grid.scale / 2), -1.0), 1.0)
    return (TOP + BOTTOM) / 2 - share * (BOTTOM - TOP) / 2


def _frame(canvas: Canvas, grid: Grid, axis: Axis) -> None:
    half = grid.scale / 2
    upper, lower = _height(grid, half), _height(grid, -half)
    canvas.rect(LEFT, upper, RIGHT - LEFT, lower - upper, PALE_BLUE)
    for error, words in ((half, "+½ step"), (0.0, "0"), (-half, "\N{MINUS SIGN}½ step")):
        y = _height(grid, error)
        canvas.line(LEFT, y, RIGHT, y, GREY, 1, "" if error == 0 else "5 4")
        canvas.text(LEFT - 8, y + 5, words, INK, SMALL, "end")
    canvas.text(
        20, 28, "error = read back \N{MINUS SIGN} real value", INK, TEXT, "start", bold=True
    )
    canvas.text(RIGHT, 28, f"half a step is {short(half)}", GREY, SMALL, "end")
    for real in (grid.lo, 0.0, grid.hi):
        far = all(abs(axis.at(real) - axis.at(end)) > 60 for end in (grid.lo, grid.hi))
        if real != 0.0 or far or grid.lo == 0.0 or grid.hi == 0.0:
            canvas.line(axis.at(real), TOP, axis.at(real), BOTTOM + 6, GREY, 1, "2 3")
            canvas.text(axis.at(real), BOTTOM + 22, short(real), INK, SMALL)
    canvas.text((axis.at(grid.lo) + axis.at(grid.hi)) / 2, BOTTOM + 46, "real value", GREY, SMALL)


def _teeth(canvas: Canvas, grid: Grid, axis: Axis) -> None:
    """One falling stroke a tick: +half a step where rounding goes up, -half where it goes down."""
    width = axis.at(axis.lo + grid.scale) - axis.left
    half = grid.scale / 2
    upper, lower = _height(grid, half), _height(grid, -half)
    start, end = axis.at(grid.lo), axis.at(grid.hi)
    if width < FINEST:
        canvas.rect(start, upper, end - start, lower - upper, SKY)
        canvas.text((start + end) / 2, upper - 12, f"{grid.ticks:,} teeth, too fine to draw", BLUE)
        return
    points = [(start, _height(grid, 0.0))]
    for q in range(grid.qmin, grid.qmax):
        middle = axis.at(grid.real(q) + half)
        points += [(middle, lower), (middle, upper)]
    canvas.polyline([*points, (end, _height(grid, 0.0))], BLUE, 2)


def _ramps(canvas: Canvas, grid: Grid, axis: Axis) -> None:
    """Off the ruler the error is the whole distance to its end."""
    reach = HALF_STEPS * grid.scale / 2
    for end, sign in ((grid.lo, -1), (grid.hi, 1)):
        leaves = end + sign * reach
        out = axis.at(leaves)
        corners = (axis.at(end), _height(grid, 0.0), out, _height(grid, -sign * reach))
        canvas.line(*corners, ORANGE, 3, "7 3")
        y = BOTTOM - 6 if sign > 0 else TOP + 12
        canvas.text(out - 16 * sign, y, "saturates", ORANGE, SMALL, "end" if sign > 0 else "start")


def _words(grid: Grid, shown: list[float]) -> str:
    said = (
        f"Round-trip error against the real value: between {short(grid.lo)} and {short(grid.hi)} "
        f"it stays within half a step, {short(grid.scale / 2)}; beyond these ends it grows with "
        f"the distance."
    )
    if 0 < len(shown) <= 6:
        pairs = ", ".join(f"{short(v)} has error {short(grid.error(v))}" for v in shown)
        said += f" {pairs}."
    return said
