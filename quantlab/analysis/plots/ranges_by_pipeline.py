"""Where each pipeline drives the tensors on their rulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from quantlab.base.figure_style import describe, height_of, look, names_down, panels
from quantlab.base.palette import BLUE, GREEN, INK, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), (INK, "D"))
#: A range beyond this many per cent of its ruler is drawn up to here, with an arrow.
FAR = 250

Ends = tuple[float, float]


def pipeline_ranges_figure(
    names: Sequence[str],
    operators: Sequence[str],
    pipelines: Sequence[str],
    rulers: Sequence[Ends],
    ranges: Sequence[Sequence[Ends]],
    clipped: Sequence[Sequence[float]],
    outputs: Mapping[str, float],
) -> Figure:
    """One line a tensor: the ruler as a band from 0 to 100 %, FP32 ranges on it.

    Parameters
    ----------
    names, operators, rulers, ranges, clipped : one entry a tensor
        The ends of its ruler; and for each pipeline the ends of its FP32 values and the share of
        them that is clipped, 0 to 1.
    outputs : mapping of run to SQNR in dB against the first pipeline in FP32
        Told in the figure's words.
    """
    figure, (axes,) = panels(1, 1.9 + height_of(round(len(names) * max(1.0, 0.6 * len(pipelines)))))
    with look():
        axes.axvspan(0, 100, color=PALE, label="the ruler: outside it, values are clipped")
        for row, (ruler, runs) in enumerate(zip(rulers, ranges, strict=True)):
            for i, ends in enumerate(runs):
                _draw(axes, row + (i - (len(pipelines) - 1) / 2) * 0.28, ruler, ends, LINES[i % 4])
        for (colour, marker), name in zip(LINES, pipelines, strict=False):
            axes.plot([], [], color=colour, marker=marker, label=f"{name}: FP32 range")
        names_down(axes, [f"{n} · {op}" for n, op in zip(names, operators, strict=True)])
        axes.set_xlabel("place on the tensor's own ruler (%)")
        axes.set_title("Do the values still fit the rulers?")
        figure.legend(loc="outside lower left", ncols=2)
    share, tensor, run = max(
        (share, names[i], pipelines[k])
        for i, shares in enumerate(clipped)
        for k, share in enumerate(shares)
    )
    said = "; ".join(f"{name} {db:.1f} dB" for name, db in outputs.items())
    return describe(
        figure,
        f"FP32 ranges of {len(names)} tensors on their rulers, by pipeline. Most clipped: "
        f"{tensor} under {run}, {share:.1%} of its values. Outputs "
        f"against the first pipeline in FP32: {said}.",
    )


def _draw(axes: Axes, y: float, ruler: Ends, ends: Ends, line: tuple[str, str]) -> None:
    low, high = ruler
    colour, marker = line
    places = [100 * (end - low) / (high - low) for end in ends]
    shown = [min(max(place, -FAR), 100 + FAR) for place in places]
    axes.plot(shown, [y, y], color=colour, linewidth=2)
    for place, at, arrow in zip(places, shown, ("<", ">"), strict=True):
        far = place != at
        axes.plot([at], [y], color=colour, marker=arrow if far else marker, markersize=6)
