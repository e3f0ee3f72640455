"""The most sensitive layers as bars."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from quantlab.analysis.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    describe,
    height_of,
    look,
    names_down,
    panels,
)
from quantlab.analysis.sensitivity import Sensitivity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def sensitivity_figure(sensitivity: Sensitivity, count: int = 20) -> Figure:
    """One bar a layer, the most sensitive on top: its score, and the all-integer model's."""
    rows = [row for row in sensitivity.ranking if isfinite(row.score)][:count]
    figure, (axes,) = panels(1, 1.9 + height_of(max(1, len(rows))))
    alone = sensitivity.mode == "quantize one"
    with look():
        scores = [row.score for row in rows]
        start = sensitivity.float_score if alone else sensitivity.int8_score
        if isfinite(start):
            axes.hlines(range(len(rows)), start, scores, color=GREY)
        axes.plot(
            scores,
            range(len(rows)),
            color=ORANGE if alone else BLUE,
            marker="<" if alone else ">",
            linestyle="",
            markersize=8,
            label="only this layer quantized" if alone else "only this layer kept in float",
        )
        _mark(axes, sensitivity.int8_score, "all layers quantized", "-")
        if isfinite(sensitivity.float_score):
            _mark(axes, sensitivity.float_score, "all layers in float", "--")
        names_down(axes, [f"{row.path} · {row.operator}" for row in rows])
        axes.grid(axis="y", visible=not isfinite(start))  # leads from the name to its mark
        axes.set_xlabel(f"{sensitivity.unit}: more is better")
        axes.set_title(
            "What does one quantized layer cost?" if alone else "What does one float layer win?"
        )
        figure.legend(loc="outside lower left", ncols=1)
    return describe(figure, _words(sensitivity, alone))


def _mark(axes: Axes, value: float, label: str, dash: str) -> None:
    axes.axvline(value, color=GREY, linestyle=dash, linewidth=1.5, label=f"{label}: {value:.3g}")


def _words(sensitivity: Sensitivity, alone: bool) -> str:
    first = "; ".join(f"{r.path} {r.score:.4g}" for r in sensitivity.ranking[:3])
    one = "one layer quantized" if alone else "one layer kept in float"
    return (
        f"{sensitivity.unit} with {one}, most sensitive first: {first}. All layers in float "
        f"{sensitivity.float_score:.4g}, all quantized {sensitivity.int8_score:.4g}."
    )
