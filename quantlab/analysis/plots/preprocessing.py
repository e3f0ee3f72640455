"""Histograms of two pipelines' pixels, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from quantlab.base.figure_style import describe, look, panels
from quantlab.base.palette import BLUE, GREEN, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Channels 0, 1, 2 in their order of use, not in the colour they hold: that is the question.
LINES = ((ORANGE, "-"), (GREEN, "--"), (BLUE, "-."), (GREY, ":"))


def preprocessing_figure(
    names: Sequence[str],
    edges: Sequence[Sequence[float]],
    counts: Sequence[Sequence[Sequence[int]]],
    means: Sequence[Sequence[float]],
    findings: Sequence[str],
) -> Figure:
    """One panel a pipeline, on one value axis where their ranges allow it; findings on top.

    Parameters
    ----------
    names, edges, counts, means : one entry a pipeline, of two
        Its name, the edges of its bins, and for each channel the pixels in each bin and their mean.
    findings : sequence of str
        Sentences; none where the pipelines agree.
    """
    figure, panes = panels(2, 5.2)
    found = " ".join(findings) or "The pipelines agree."
    ends = [(held[0], held[-1]) for held in edges]
    with look():
        for i, axes in enumerate(panes):
            _histograms(axes, counts[i], means[i], np.array(edges[i]))
            low, high = (f"{v:.4g}" for v in ends[i])
            axes.set_title(f"{names[i]}: values from {low} to {high}", fontsize=12)
            axes.set_ylabel("share of pixels (%)")
        panes[-1].set_xlabel("value after preprocessing (thin upright lines: means)")
        handles, labels = panes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=len(labels))
        headline = "\n".join(fill(sentence, 76) for sentence in findings) or found
        figure.suptitle(headline, x=0.01, ha="left", fontsize=12)
    runs = [f"{names[i]} runs from {low:.4g} to {high:.4g}" for i, (low, high) in enumerate(ends)]
    return describe(figure, f"Histograms of each channel's values. {'; '.join(runs)}. {found}")


def _histograms(
    axes: Axes, counts: Sequence[Sequence[int]], means: Sequence[float], edges: np.ndarray
) -> None:
    for channel, (held, mean) in enumerate(zip(counts, means, strict=True)):
        colour, dash = LINES[channel % len(LINES)]
        axes.stairs(
            100 * np.array(held) / sum(held),
            edges,
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=f"channel {channel}",
        )
        axes.axvline(mean, color=colour, linestyle=dash, linewidth=1)
