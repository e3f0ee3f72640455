"""What the line drawings share: the way from real numbers to places on the paper, and ticks."""

from __future__ import annotations

from dataclasses import dataclass

from quantlab.base.palette import BLUE, GREY, INK, PALE_BLUE
from quantlab.teach.pictures.drawing import SMALL, Canvas, short, whole
from quantlab.teach.pictures.grid import Grid

#: Ticks closer than this many drawing units are thinned out.
CLOSEST = 5.0
#: Rough width of one character at the smallest font size, and the gap between two labels.
CHARACTER, GAP = 7.4, 8.0


@dataclass(frozen=True)
class Axis:
    """Real numbers from `lo` to `hi` lie on the paper from `left` to `right` (drawing units)."""

    lo: float
    hi: float
    left: float
    right: float

    def at(self, real: float) -> float:
        """Where a real number lies; numbers beyond the axis lie at its ends."""
        share = (real - self.lo) / (self.hi - self.lo)
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)

    def shows(self, real: float) -> bool:
        return self.lo <= real <= self.hi


def thinning(grid: Grid, axis: Axis) -> int:
    """Every how many ticks one is drawn: a power of two, 1 when all of them fit."""
    spacing = axis.at(axis.lo + grid.scale) - axis.left
    step = 1
    while spacing * step < CLOSEST and step < grid.ticks:
        step *= 2
    return step


def drawn_ticks(grid: Grid, axis: Axis) -> list[int]:
    """The ticks that are drawn: both ends, and every `thinning`-th counted from zero_point."""
    step = thinning(grid, axis)
    first = grid.qmin + (grid.zero_point - grid.qmin) % step
    return sorted({grid.qmin, grid.qmax, *range(first, grid.qmax + 1, step)})


def labelled_ticks(grid: Grid, axis: Axis, also: list[int]) -> list[int]:
    """The ticks that carry numbers: zero_point and the ends first, then `also`, then evenly.

    A tick is left out when its number would touch one that is already there.
    """
    important = [grid.zero_point] if grid.has_zero else []
    important += [grid.qmin, grid.qmax, *also]
    ticks = drawn_ticks(grid, axis)
    stride = max(1, len(ticks) // 8)
    chosen: list[int] = []
    for q in important + ticks[::stride]:
        if axis.shows(grid.real(q)) and all(_apart(grid, axis, q, other) for other in chosen):
            chosen.append(q)
    return sorted(chosen)


def _apart(grid: Grid, axis: Axis, q: int, other: int) -> bool:
    if q == other:
        return False
    widths = [max(len(short(grid.real(t))), len(str(t))) * CHARACTER for t in (q, other)]
    distance = abs(axis.at(grid.real(q)) - axis.at(grid.real(other)))
    return distance >= sum(widths) / 2 + GAP


def draw_ruler(canvas: Canvas, grid: Grid, axis: Axis, y: float, also: list[int]) -> None:
    """The ruler at height y: its line, its ticks, real numbers under it, integers under those.

    Takes 62 drawing units below y. The tick at zero_point is longer, and its integer is boxed.
    """
    canvas.line(axis.at(grid.lo), y, axis.at(grid.hi), y, INK, 2)
    for q in drawn_ticks(grid, axis):
        if axis.shows(grid.real(q)):
            x = axis.at(grid.real(q))
            canvas.line(x, y, x, y + 9, GREY, 1)
    for q in labelled_ticks(grid, axis, also):
        x, zero = axis.at(grid.real(q)), q == grid.zero_point
        canvas.line(x, y - (8 if zero else 0), x, y + 14, INK, 2.5 if zero else 1.5)
        canvas.text(x, y + 30, short(grid.real(q)), INK, bold=zero)
        if zero:
            half = len(str(q)) * CHARACTER / 2 + 6
            canvas.rect(x - half, y + 38, 2 * half, 21, PALE_BLUE, BLUE, 1.5, 5)
        canvas.text(x, y + 53, whole(q), BLUE, bold=zero)
    canvas.text(8, y + 30, "real value", GREY, SMALL, "start")
    canvas.text(8, y + 53, f"{grid.dtype or 'integer'} q", BLUE, SMALL, "start")


def ticks_in_words(grid: Grid, axis: Axis) -> str:
    """'256 ticks, every 4th drawn'."""
    step = thinning(grid, axis)
    if step == 1:
        return f"{grid.ticks} ticks"
    return f"{grid.ticks:,} ticks, every {step:,}{'nd' if step == 2 else 'th'} drawn"
