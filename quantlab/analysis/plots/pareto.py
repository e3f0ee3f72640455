"""Accuracy against speed: the front as steps, what it dominates in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantlab.analysis.pareto import Candidate, ParetoFront
from quantlab.analysis.plots.style import BLUE, GREY, describe, look, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Room for the names of the fastest candidates, as a share of the axis.
NAMES = 0.25


def pareto_figure(front: ParetoFront, *, accuracy: str, speed: str) -> Figure:
    """Every candidate as a point with its name; right and up is better.

    Parameters
    ----------
    accuracy, speed : str
        Axis labels with units.
    """
    figure, (axes,) = panels(1, 4.4)
    best = front.best[::-1]  # the slowest first
    with look():
        axes.plot(
            [c.speed for c in best],
            [c.accuracy for c in best],
            drawstyle="steps-pre",
            color=BLUE,
            linewidth=2,
        )
        _points(axes, front.dominated, GREY, "s", "beaten by another")
        _points(axes, best, BLUE, "o", "on the front: none beats it")
        axes.margins(x=0.06, y=0.12)
        left, right = axes.get_xlim()
        axes.set_xlim(left, right + NAMES * (right - left))
        axes.set_xlabel(f"{speed} → faster")
        axes.set_ylabel(f"{accuracy} → better")
        axes.set_title("What is worth having: up and to the right")
        axes.figure.legend(loc="outside lower left", ncols=2)
    return describe(figure, _words(front))


def _points(
    axes: Axes,
    candidates: tuple[Candidate, ...],
    colour: str,
    marker: str,
    label: str,
) -> None:
    if not candidates:
        return
    axes.plot(
        [c.speed for c in candidates],
        [c.accuracy for c in candidates],
        color=colour,
        marker=marker,
        markersize=8,
        linestyle="",
        label=label,
    )
    for c in candidates:
        axes.annotate(  # up and to the right of a point on the front is free
            c.name,
            (c.speed, c.accuracy),
            (7, 5),
            textcoords="offset points",
            fontsize=10,
            color=colour,
        )


def _words(front: ParetoFront) -> str:
    best = "; ".join(f"{c.name} {c.accuracy:.4g} at {c.speed:.3g}" for c in front.best)
    text = f"Accuracy against speed. On the front, fastest first: {best}."
    if front.dominated:
        text += f" Beaten: {', '.join(c.name for c in front.dominated)}."
    return text
