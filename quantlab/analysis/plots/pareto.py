"""Accuracy against speed: the front as steps, what it dominates in grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quantlab.base.figure_style import describe, look, panels
from quantlab.base.palette import BLUE, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Room for the names of the fastest candidates, as a share of the axis.
NAMES = 0.25
#: Name, speed and accuracy.
Point = tuple[str, float, float]


def pareto_figure(
    best: Sequence[Point], dominated: Sequence[Point], *, accuracy: str, speed: str
) -> Figure:
    """Every candidate as a point with its name; right and up is better.

    Parameters
    ----------
    best, dominated : sequences of (name, speed, accuracy)
        Those on the front, the fastest first, and the others.
    accuracy, speed : str
        Axis labels with units.
    """
    figure, (axes,) = panels(1, 4.4)
    with look():
        _, across, up = zip(*best[::-1], strict=True)  # the slowest first
        axes.plot(across, up, drawstyle="steps-pre", color=BLUE, linewidth=2)
        _points(axes, dominated, GREY, "s", "beaten by another")
        _points(axes, best, BLUE, "o", "on the front: none beats it")
        axes.margins(x=0.06, y=0.12)
        left, right = axes.get_xlim()
        axes.set_xlim(left, right + NAMES * (right - left))
        axes.set_xlabel(f"{speed} → faster")
        axes.set_ylabel(f"{accuracy} → better")
        axes.set_title("What is worth having: up and to the right")
        axes.figure.legend(loc="outside lower left", ncols=2)
    return describe(figure, _words(best, dominated))


def _points(axes: Axes, points: Sequence[Point], colour: str, marker: str, label: str) -> None:
    if not points:
        return
    names, across, up = zip(*points, strict=True)
    axes.plot(across, up, color=colour, marker=marker, markersize=8, linestyle="", label=label)
    for name, x, y in zip(names, across, up, strict=True):
        axes.annotate(  # up and to the right of a point on the front is free
            name, (x, y), (7, 5), textcoords="offset points", fontsize=10, color=colour
        )


def _words(best: Sequence[Point], dominated: Sequence[Point]) -> str:
    said = "; ".join(f"{name} {accuracy:.4g} at {speed:.3g}" for name, speed, accuracy in best)
    text = f"Accuracy against speed. On the front, fastest first: {said}."
    if dominated:
        text += f" Beaten: {', '.join(name for name, _, _ in dominated)}."
    return text
