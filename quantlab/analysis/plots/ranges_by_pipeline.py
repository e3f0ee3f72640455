"""Where each pipeline drives the tensors on their rulers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantlab.analysis.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PALE,
    describe,
    height_of,
    look,
    names_down,
    panels,
)
from quantlab.analysis.ranges_by_pipeline import PipelineRanges, RangeOfRun, TensorRanges

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), (INK, "D"))
#: A range beyond this many per cent of its ruler is drawn up to here, with an arrow.
FAR = 250


def pipeline_ranges_figure(ranges: PipelineRanges) -> Figure:
    """One line a tensor: the ruler as a band from 0 to 100 %, FP32 ranges on it."""
    pipelines = [run.pipeline for run in ranges.tensors[0].runs]
    lines = len(ranges.tensors) * max(1.0, 0.6 * len(pipelines))
    figure, (axes,) = panels(1, 1.9 + height_of(round(lines)))
    with look():
        axes.axvspan(0, 100, color=PALE, label="the ruler: outside it, values are clipped")
        for row, tensor in enumerate(ranges.tensors):
            for i, run in enumerate(tensor.runs):
                _draw(axes, row + (i - (len(pipelines) - 1) / 2) * 0.28, tensor, run, LINES[i % 4])
        for (colour, marker), name in zip(LINES, pipelines, strict=False):
            axes.plot([], [], color=colour, marker=marker, label=f"{name}: FP32 range")
        names_down(axes, [f"{t.name} · {t.operator}" for t in ranges.tensors])
        axes.set_xlabel("place on the tensor's own ruler (%)")
        axes.set_title("Do the values still fit the rulers?")
        figure.legend(loc="outside lower left", ncols=2)
    return describe(figure, _words(ranges))


def _draw(
    axes: Axes, y: float, tensor: TensorRanges, run: RangeOfRun, line: tuple[str, str]
) -> None:
    low, high = tensor.ruler
    colour, marker = line
    ends = [100 * (end - low) / (high - low) for end in run.fp32]
    shown = [min(max(end, -FAR), 100 + FAR) for end in ends]
    axes.plot(shown, [y, y], color=colour, linewidth=2)
    for end, at, arrow in zip(ends, shown, ("<", ">"), strict=True):
        far = end != at
        axes.plot([at], [y], color=colour, marker=arrow if far else marker, markersize=6)


def _words(ranges: PipelineRanges) -> str:
    outputs = "; ".join(
        f"{o.pipeline} in {o.precision} {o.sqnr_db:.1f} dB"
        for o in ranges.outputs
        if o.sqnr_db != float("inf")
    )
    worst = max((run.clipped, t.name, run.pipeline) for t in ranges.tensors for run in t.runs)
    return (
        f"FP32 ranges of {len(ranges.tensors)} tensors on their rulers, by pipeline. Most clipped: "
        f"{worst[1]} under {worst[2]}, {worst[0]:.1%} of its values. Outputs against the first "
        f"pipeline in FP32: {outputs}."
    )
