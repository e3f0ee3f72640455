"""The most sensitive layers as bars."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from quantlab.base.figure_style import describe, height_of, look, names_down, panels
from quantlab.base.palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def sensitivity_figure(
    names: Sequence[str],
    operators: Sequence[str],
    scores: Sequence[float],
    *,
    alone: bool,
    float_score: float,
    int8_score: float,
    unit: str,
    count: int = 20,
) -> Figure:
    """One bar a layer, the most sensitive on top: its score, and the all-integer model's.

    Parameters
    ----------
    names, operators, scores : one entry a layer, the most sensitive first
        A layer whose score is infinite is not drawn.
    alone : bool
        The layer alone is quantized; else it alone is kept in float.
    float_score, int8_score : float
        The model with every layer in float, and with every layer quantized.
    unit : str
        What a score is.
    count : int
        How many layers are drawn.
    """
    rows = [row for row in range(len(names)) if isfinite(scores[row])][:count]
    figure, (axes,) = panels(1, 1.9 + height_of(max(1, len(rows))))
    with look():
        shown = [scores[row] for row in rows]
        start = float_score if alone else int8_score
        if isfinite(start):
            axes.hlines(range(len(rows)), start, shown, color=GREY)
        axes.plot(
            shown,
            range(len(rows)),
            color=ORANGE if alone else BLUE,
            marker="<" if alone else ">",
            linestyle="",
            markersize=8,
            label="only this layer quantized" if alone else "only this layer kept in float",
        )
        _mark(axes, int8_score, "all layers quantized", "-")
        if isfinite(float_score):
            _mark(axes, float_score, "all layers in float", "--")
        names_down(axes, [f"{names[row]} · {operators[row]}" for row in rows])
        axes.grid(axis="y", visible=not isfinite(start))  # leads from the name to its mark
        axes.set_xlabel(f"{unit}: more is better")
        axes.set_title(
            "What does one quantized layer cost?" if alone else "What does one float layer win?"
        )
        figure.legend(loc="outside lower left", ncols=1)
    first = "; ".join(f"{n} {s:.4g}" for n, s in zip(names[:3], scores[:3], strict=True))
    one = "one layer quantized" if alone else "one layer kept in float"
    return describe(
        figure,
        f"{unit} with {one}, most sensitive first: {first}. All layers in float "
        f"{float_score:.4g}, all quantized {int8_score:.4g}.",
    )


def _mark(axes: Axes, value: float, label: str, dash: str) -> None:
    axes.axvline(value, color=GREY, linestyle=dash, linewidth=1.5, label=f"{label}: {value:.3g}")
