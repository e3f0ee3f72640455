"""The loss over the steps: in a line of text while training, as a picture afterwards."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from quantlab.base.figure_style import look, panels
from quantlab.base.palette import BLUE, GREY

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
#: Steps that the blue line averages over.
SMOOTHED = 50


def sparkline(losses: Sequence[float], width: int = _WIDTH) -> str:
    """The losses in one line: the mean of each of `width` stretches, as a bar's height.

    The axis is logarithmic: a loss falls by factors.

    Examples
    --------
    >>> sparkline([8, 4, 2, 1], width=4)
    '█▆▃▁'
    """
    stretches = np.array_split(np.asarray(losses, float), min(width, len(losses)))
    heights = np.log([max(float(np.mean(part)), 1e-9) for part in stretches])
    span = np.ptp(heights) or 1.0
    level = (heights - heights.min()) / span * (len(_BARS) - 1)
    return "".join(_BARS[round(h)] for h in level)


def save_curve(losses: Sequence[float], path: str | os.PathLike[str], name: str) -> None:
    """A picture of the loss at each step, grey, and its running mean over 50 steps, blue."""
    values = np.asarray(losses, float)
    steps = np.arange(1, len(values) + 1)
    window = min(SMOOTHED, len(values))
    running = np.convolve(values, np.ones(window) / window, mode="valid")
    figure, (axes,) = panels(1, 3.2)
    with look():
        axes.plot(steps, values, color=GREY, alpha=0.4, linewidth=1, label="each step")
        axes.plot(steps[window - 1 :], running, color=BLUE, linewidth=2, label=f"mean of {window}")
        axes.set(xlabel="step", ylabel="loss", yscale="log")
        axes.set_title(f"Training of the {name}", loc="left")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.legend()
        figure.savefig(path, dpi=120)
