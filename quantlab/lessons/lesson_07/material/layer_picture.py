"""SQNR of every layer as a row of marks, in the order of computation, and the worst as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlab.analysis import LayerErrors
from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing

LEFT, RIGHT, TOP, BOTTOM = 56.0, WIDTH - 20.0, 58.0, 236.0
#: Ends of the axis in dB; what lies beyond is drawn at the end.
LOW, HIGH = 0.0, 50.0


def height_of(db: float) -> float:
    """Where a value stands, in drawing units."""
    inside = min(max(db, LOW), HIGH)
    return BOTTOM - (BOTTOM - TOP) * (inside - LOW) / (HIGH - LOW)


def layer_marks(
    canvas: Canvas,
    names: Sequence[str],
    alone: Sequence[float],
    accumulated: Sequence[float],
    chosen: int,
) -> None:
    """A dot for each layer alone, a triangle for what accumulated; `chosen` gets a line."""
    for db in (0, 10, 20, 30, 40, 50):
        y = height_of(db)
        canvas.line(LEFT, y, RIGHT, y, PALE, 1)
        canvas.text(LEFT - 8, y + 5, str(db), GREY, SMALL, "end")
    pitch = (RIGHT - LEFT) / len(names)
    x = LEFT + pitch * (chosen + 0.5)
    canvas.line(x, TOP, x, BOTTOM + 6, INK, 1.2, "3 3")
    for place, (own, all_) in enumerate(zip(alone, accumulated, strict=True)):
        at = LEFT + pitch * (place + 0.5)
        y = height_of(all_)
        canvas.path(f"M{at - 4:.1f},{y - 3:.1f} h8 l-4,7 Z", ORANGE, 1, ORANGE)
        canvas.dot(at, height_of(own), BLUE, 4)
    canvas.text(LEFT, 24, "● alone", BLUE, TEXT, "start", bold=True)
    canvas.text(LEFT + 84, 24, "▼ accumulated", ORANGE, TEXT, "start", bold=True)
    canvas.text(WIDTH - 20, 24, "SQNR in dB: more is better", GREY, SMALL, "end")
    _names_below(canvas, x, names[chosen])


def _names_below(canvas: Canvas, x: float, name: str) -> None:
    """The chosen layer under its line, and the two ends where they leave it room."""
    half = 4.2 * len(name) + 6
    at = min(max(x, LEFT + half), RIGHT - half)
    canvas.text(at, BOTTOM + 22, name, INK, SMALL, bold=True)
    if at - half > LEFT + 76:
        canvas.text(LEFT, BOTTOM + 22, "first layer", GREY, SMALL, "start")
    if at + half < RIGHT - 76:
        canvas.text(RIGHT, BOTTOM + 22, "last layer", GREY, SMALL, "end")


def layer_picture(errors: LayerErrors) -> Drawing:
    """All layers of a model; the one that is worst alone is marked."""
    names = [layer.name for layer in errors.layers]
    alone = [layer.isolated.sqnr_db for layer in errors.layers]
    accumulated = [layer.accumulated.sqnr_db for layer in errors.layers]
    ranked = np.argsort(alone)
    worst, second = int(ranked[0]), int(ranked[1])
    canvas = Canvas(height=BOTTOM + 36)
    layer_marks(canvas, names, alone, accumulated, worst)
    return canvas.finish(
        f"SQNR of {len(names)} layers, alone (dots) and accumulated (triangles). Worst alone: "
        f"{names[worst]} with {alone[worst]:.1f} dB; the next one, {names[second]}, has "
        f"{alone[second]:.1f} dB."
    )


def worst_table(errors: LayerErrors, count: int = 5, order: str = "isolated") -> Listing:
    """The layers of lowest SQNR, "isolated" or "accumulated", the worst first."""
    rows = tuple(
        {
            "name": layer.name,
            "operator": layer.operator,
            "alone": layer.isolated.sqnr_db,
            "all": layer.accumulated.sqnr_db,
            "clipped": 100 * layer.clipped,
        }
        for layer in errors.worst(order, count)
    )
    columns = (
        Column("layer", "name"),
        Column("operator", "operator"),
        Column("alone (dB)", "alone", ".1f"),
        Column("accumulated (dB)", "all", ".1f"),
        Column("clipped (%)", "clipped", ".1f"),
    )
    which = "alone" if order == "isolated" else "accumulated"
    title = f"The {count} lowest of {len(errors.layers)} layers, {which}"
    return Listing(title, Table(columns, rows))
