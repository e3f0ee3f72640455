"""SQNR layer by layer, alone and accumulated, and the histogram of one layer's errors."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from quantlab.analysis.layer_error import LayerError, LayerErrors
from quantlab.analysis.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    describe,
    height_of,
    look,
    names_down,
    panels,
)
from quantlab.analysis.tensor_error import EDGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def layer_error_figure(errors: LayerErrors) -> Figure:
    """One line a layer: its own SQNR and the accumulated one; the gap is inherited."""
    figure, (axes,) = panels(1, 1.8 + height_of(len(errors.layers)))
    with look():
        alone = [layer.isolated.sqnr_db for layer in errors.layers]
        whole = [layer.accumulated.sqnr_db for layer in errors.layers]
        rows = np.arange(len(alone))
        both = [row for row in rows if isfinite(alone[row]) and isfinite(whole[row])]
        axes.hlines(both, [alone[i] for i in both], [whole[i] for i in both], color=GREY)
        for values, colour, marker, label in (
            (alone, BLUE, "o", "the layer alone, on float inputs"),
            (whole, ORANGE, "<", "accumulated: the whole integer model up to here"),
        ):
            axes.plot(
                np.where(np.isfinite(values), values, np.nan),
                rows,
                color=colour,
                marker=marker,
                linestyle="",
                markersize=7,
                label=label,
            )
        names_down(axes, [f"{layer.name} · {layer.operator}" for layer in errors.layers])
        axes.set_xlabel("SQNR against the float model (dB): more is better")
        axes.set_title("Lost in this layer, or inherited?")
        figure.legend(loc="outside lower left", ncols=1)
    return describe(figure, _words(errors))


def error_histogram_figure(layer: LayerError) -> Figure:
    """The errors of one layer in LSB, alone and accumulated."""
    figure, (axes,) = panels(1, 3.6)
    with look():
        axes.axvspan(-0.5, 0.5, color=PALE, label="±½ LSB: rounding alone")
        for error, colour, dash, label in (
            (layer.isolated, BLUE, "-", "the layer alone"),
            (layer.accumulated, ORANGE, "--", "accumulated"),
        ):
            share = 100 * np.array(error.counts) / error.values
            axes.stairs(share, EDGES, color=colour, linestyle=dash, linewidth=2, label=label)
        edge = _reach(layer)
        axes.set_xlim(-edge, edge)
        beyond = "; the ends hold all beyond" if edge == EDGES[-1] else ""
        axes.set_xlabel(f"error of {layer.name} (LSB; 1 LSB = {layer.scale:.3g}{beyond})")
        axes.set_ylabel("share of values (%), logarithmic")
        axes.set_yscale("log")  # the tails are what hurts
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_title(f"How far off is {layer.name}? Alone {layer.isolated.rms_lsb:.2f} LSB rms")
        figure.legend(loc="outside lower left", ncols=3)
    return describe(
        figure,
        f"Histogram of the errors of {layer.name} ({layer.operator}) in LSB. Alone: root mean "
        f"square {layer.isolated.rms_lsb:.2f}, largest {layer.isolated.max_lsb:.2f}; accumulated: "
        f"{layer.accumulated.rms_lsb:.2f} and {layer.accumulated.max_lsb:.2f}. "
        f"{layer.clipped:.2%} of the values are clipped.",
    )


def _reach(layer: LayerError) -> float:
    """How far the axis goes: to the last bin in use, at least 1 LSB."""
    used = np.array(layer.isolated.counts) + np.array(layer.accumulated.counts) > 0
    ends = np.abs(np.concatenate([EDGES[:-1][used], EDGES[1:][used]]))
    return max(1.0, float(ends.max()))


def _words(errors: LayerErrors) -> str:
    alone, whole = errors.worst("isolated", 1)[0], errors.worst("accumulated", 1)[0]
    outputs = ", ".join(f"{name} {db:.1f} dB" for name, db in errors.outputs)
    return (
        f"SQNR of {len(errors.layers)} layers, alone and accumulated. Worst alone: {alone.name} "
        f"({alone.operator}) with {alone.isolated.sqnr_db:.1f} dB; lowest accumulated: "
        f"{whole.name} with {whole.accumulated.sqnr_db:.1f} dB. Outputs: {outputs}."
    )
