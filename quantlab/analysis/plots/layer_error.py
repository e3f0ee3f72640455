"""SQNR layer by layer, alone and accumulated, and the histogram of one layer's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from quantlab.base.figure_style import describe, height_of, look, names_down, panels
from quantlab.base.palette import BLUE, GREY, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def layer_error_figure(
    names: Sequence[str],
    operators: Sequence[str],
    alone: Sequence[float],
    accumulated: Sequence[float],
    outputs: Mapping[str, float],
) -> Figure:
    """One line a layer: its own SQNR and the accumulated one; the gap is inherited.

    Parameters
    ----------
    names, operators, alone, accumulated : one entry a layer, SQNR in dB
    outputs : mapping of output name to its SQNR in dB, told in the figure's words
    """
    figure, (axes,) = panels(1, 1.8 + height_of(len(names)))
    with look():
        rows = range(len(names))
        both = [row for row in rows if isfinite(alone[row]) and isfinite(accumulated[row])]
        axes.hlines(both, [alone[i] for i in both], [accumulated[i] for i in both], color=GREY)
        for values, colour, marker, label in (
            (alone, BLUE, "o", "the layer alone, on float inputs"),
            (accumulated, ORANGE, "<", "accumulated: the whole integer model up to here"),
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
        names_down(axes, [f"{n} · {op}" for n, op in zip(names, operators, strict=True)])
        axes.set_xlabel("SQNR against the float model (dB): more is better")
        axes.set_title("Lost in this layer, or inherited?")
        figure.legend(loc="outside lower left", ncols=1)
    worst, lowest = (min(rows, key=values.__getitem__) for values in (alone, accumulated))
    said = ", ".join(f"{name} {db:.1f} dB" for name, db in outputs.items())
    return describe(
        figure,
        f"SQNR of {len(names)} layers, alone and accumulated. Worst alone: {names[worst]} "
        f"({operators[worst]}) with {alone[worst]:.1f} dB; lowest accumulated: {names[lowest]} "
        f"with {accumulated[lowest]:.1f} dB. Outputs: {said}.",
    )


def error_histogram_figure(
    name: str,
    operator: str,
    edges: np.ndarray,
    counts: tuple[Sequence[int], Sequence[int]],
    rms: tuple[float, float],
    largest: tuple[float, float],
    *,
    scale: float,
    clipped: float,
) -> Figure:
    """The errors of one layer in LSB, alone and accumulated.

    Parameters
    ----------
    edges : float array (bins + 1,), in LSB
        The first and the last bin hold all beyond.
    counts, rms, largest : pairs, of the layer alone and accumulated
        Values in each bin; root mean square and largest error in LSB.
    scale : float
        One LSB in the tensor's own unit.
    clipped : float
        Share of the values that are clipped, 0 to 1.
    """
    figure, (axes,) = panels(1, 3.6)
    with look():
        axes.axvspan(-0.5, 0.5, color=PALE, label="±½ LSB: rounding alone")
        for held, colour, dash, label in zip(
            counts, (BLUE, ORANGE), ("-", "--"), ("the layer alone", "accumulated"), strict=True
        ):
            share = 100 * np.array(held) / sum(held)
            axes.stairs(share, edges, color=colour, linestyle=dash, linewidth=2, label=label)
        edge = _reach(edges, counts)
        axes.set_xlim(-edge, edge)
        beyond = "; the ends hold all beyond" if edge == edges[-1] else ""
        axes.set_xlabel(f"error of {name} (LSB; 1 LSB = {scale:.3g}{beyond})")
        axes.set_ylabel("share of values (%), logarithmic")
        axes.set_yscale("log")  # the tails are what hurts
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_title(f"How far off is {name}? Alone {rms[0]:.2f} LSB rms")
        figure.legend(loc="outside lower left", ncols=3)
    return describe(
        figure,
        f"Histogram of the errors of {name} ({operator}) in LSB. Alone: root mean "
        f"square {rms[0]:.2f}, largest {largest[0]:.2f}; accumulated: "
        f"{rms[1]:.2f} and {largest[1]:.2f}. "
        f"{clipped:.2%} of the values are clipped.",
    )


def _reach(edges: np.ndarray, counts: tuple[Sequence[int], Sequence[int]]) -> float:
    """How far the axis goes: to the last bin in use, at least 1 LSB."""
    used = np.array(counts).sum(axis=0) > 0
    ends = np.abs(np.concatenate([edges[:-1][used], edges[1:][used]]))
    return max(1.0, float(ends.max()))
