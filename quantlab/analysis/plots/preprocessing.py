"""Histograms of two pipelines' pixels, channel by channel."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from quantlab.analysis.plots.style import BLUE, GREEN, GREY, ORANGE, describe, look, panels
from quantlab.analysis.preprocessing import ChannelPixels, PreprocessingComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Channels 0, 1, 2 in their order of use, not in the colour they hold: that is the question.
LINES = ((ORANGE, "-"), (GREEN, "--"), (BLUE, "-."), (GREY, ":"))


def preprocessing_figure(comparison: PreprocessingComparison) -> Figure:
    """One panel a pipeline, on one value axis where their ranges allow it; findings on top."""
    figure, (top, bottom) = panels(2, 5.2)
    with look():
        for axes, name, channels, edges in zip(
            (top, bottom),
            comparison.names,
            (comparison.first, comparison.second),
            comparison.edges,
            strict=True,
        ):
            _histograms(axes, channels, np.array(edges))
            low, high = (f"{v:.4g}" for v in (edges[0], edges[-1]))
            axes.set_title(f"{name}: values from {low} to {high}", fontsize=12)
            axes.set_ylabel("share of pixels (%)")
        bottom.set_xlabel("value after preprocessing (thin upright lines: means)")
        handles, labels = top.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=len(labels))
        figure.suptitle(_headline(comparison), x=0.01, ha="left", fontsize=12)
    return describe(figure, _words(comparison))


def _histograms(axes: Axes, channels: tuple[ChannelPixels, ...], edges: np.ndarray) -> None:
    for channel in channels:
        colour, dash = LINES[channel.channel % len(LINES)]
        share = 100 * np.array(channel.counts) / sum(channel.counts)
        axes.stairs(
            share,
            edges,
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=f"channel {channel.channel}",
        )
        axes.axvline(channel.mean, color=colour, linestyle=dash, linewidth=1)


def _headline(comparison: PreprocessingComparison) -> str:
    return "\n".join(fill(f, 76) for f in comparison.findings) or "The pipelines agree."


def _words(comparison: PreprocessingComparison) -> str:
    ranges = [
        f"{name} runs from {edges[0]:.4g} to {edges[-1]:.4g}"
        for name, edges in zip(comparison.names, comparison.edges, strict=True)
    ]
    found = " ".join(comparison.findings) or "The pipelines agree."
    return f"Histograms of each channel's values. {'; '.join(ranges)}. {found}"
