"""Explorer of lesson 6: bits, granularity and method, and the accuracy that was measured."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from quantlab.base.palette import GREY, INK, ORANGE, PALE, PALE_SKY, PAPER
from quantlab.lessons.lesson_06.material.grid import BITS, GRANULARITIES, METHODS, Grid, kept_grid
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, Canvas, Drawing
from quantlab.teach.static_twin import WidgetTwin

#: Top-1 that the explorer's goal asks for, 0 to 1.
GOAL = 0.95
LEFT, TOP, ROW, COLUMN = 190.0, 78.0, 32.0, 72.0


class GridExplorer(Explorer):
    """Controls `bits`, `granularity` and `method`; the cell of the three is outlined."""

    def __init__(self, grid: Grid, bits: int, granularity: str, method: str) -> None:
        self.grid = grid
        super().__init__(
            {
                "bits": widgets.SelectionSlider(
                    options=BITS, value=bits, description="bits of a weight"
                ),
                "granularity": widgets.Dropdown(
                    options=GRANULARITIES, value=granularity, description="rulers"
                ),
                "method": widgets.Dropdown(
                    options=list(METHODS), value=method, description="method"
                ),
            }
        )

    def draw(self, bits: int, granularity: str, method: str) -> Drawing:  # type: ignore[override]
        return grid_drawing(self.grid, bits, granularity, method)


def explore_methods(
    bits: int = 4, granularity: str = "per-tensor", method: str = "nearest"
) -> WidgetTwin:
    """The explorer of lesson 6 on the kept grid; its static twin shows the whole grid.

    Parameters
    ----------
    bits : 4, 3 or 2
    granularity : "per-tensor" or "per-channel"
    method : str
        A row of the grid, for example "empirical bias".

    Raises
    ------
    ValueError
        A start value that the grid does not have.
    """
    for name, value, known in (
        ("bits", bits, BITS),
        ("granularity", granularity, GRANULARITIES),
        ("method", method, tuple(METHODS)),
    ):
        if value not in known:
            raise ValueError(
                f"{name} is {value!r}, but the grid has {', '.join(map(str, known))}: take one."
            )
    grid = kept_grid()
    still = grid_drawing(grid, bits, granularity, method)
    html = f"{still.to_img()}<p>{escape(still.text)}</p>"
    return WidgetTwin(GridExplorer(grid, bits, granularity, method), html, still.text)


def grid_drawing(grid: Grid, bits: int, granularity: str, method: str) -> Drawing:
    """The grid as a table of percents, the chosen cell outlined, cells that miss the goal marked.

    A cell at or above the goal stands on blue; one below it is crossed at its left by an orange
    bar, so that colour never speaks alone.
    """
    canvas = Canvas(height=TOP + ROW * len(METHODS) + 34)
    columns = [(g, b) for g in GRANULARITIES for b in BITS]
    for place, kind in enumerate(GRANULARITIES):
        middle = LEFT + COLUMN * len(BITS) * (place + 0.5)
        canvas.text(middle, 34, f"{kind} rulers", size=TEXT, bold=True)
    for column, (_, wide) in enumerate(columns):
        canvas.text(LEFT + COLUMN * (column + 0.5), 62, f"{wide} bits")
    for row, name in enumerate(METHODS):
        y = TOP + ROW * row
        canvas.text(LEFT - 12, y + 20, name, anchor="end", bold=name == method)
        for column, (kind, wide) in enumerate(columns):
            x, top1 = LEFT + COLUMN * column, grid.top1(wide, kind, name)
            _cell(canvas, x, y, top1, chosen=(wide, kind, name) == (bits, granularity, method))
    foot = f"top-1 in percent; orange bar: below {100 * GOAL:.0f}"
    canvas.text(LEFT, TOP + ROW * len(METHODS) + 22, foot, GREY, SMALL, "start")
    return canvas.finish(_words(grid, bits, granularity, method))


def _cell(canvas: Canvas, x: float, y: float, top1: float | None, *, chosen: bool) -> None:
    reached = top1 is not None and top1 >= GOAL
    canvas.rect(x + 2, y + 2, COLUMN - 4, ROW - 4, PALE_SKY if reached else PALE, radius=3)
    if top1 is not None and not reached:
        canvas.rect(x + 2, y + 2, 6, ROW - 4, ORANGE)
    canvas.text(x + COLUMN / 2 + 2, y + 21, _percent(top1), INK, TEXT, bold=chosen)
    if chosen:
        canvas.rect(x + 2, y + 2, COLUMN - 4, ROW - 4, "none", PAPER, 5.0, 3)
        canvas.rect(x + 2, y + 2, COLUMN - 4, ROW - 4, "none", INK, 3.0, 3)


def _percent(top1: float | None) -> str:
    return "–" if top1 is None else f"{100 * top1:.1f}"


def _words(grid: Grid, bits: int, granularity: str, method: str) -> str:
    top1 = grid.top1(bits, granularity, method)
    if top1 is None:
        return f"{bits} bits, {granularity}, {method}: not measured yet; make_grid() does it."
    lost = 100 * (grid.fp32 - top1)
    against = "above" if top1 >= GOAL else "below"
    return (
        f"{bits} bits, {granularity}, {method}: {100 * top1:.1f} % top-1, "
        f"{lost:.1f} points under FP32's {100 * grid.fp32:.1f} %, and {against} the goal of "
        f"{100 * GOAL:.0f} %. Measured on {grid.crops:,} validation crops; activations have 8 bits."
    )
