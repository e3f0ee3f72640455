"""The loss over the steps: in a line of text while training, as a picture afterwards."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from quantlab.analysis.plots.style import BLUE, PALE, panels

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
#: Steps that the dark line averages over.
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
    """A picture of the loss at each step, pale, and its running mean over 50 steps, dark."""
    figure, (axes,) = panels(1, 3.2)
    values = np.asarray(losses, float)
    steps = np.arange(1, len(values) + 1)
    window = min(SMOOTHED, len(values))
    running = np.convolve(values, np.ones(window) / window, mode="valid")
    axes.plot(steps, values, color=PALE, linewidth=1)
    axes.plot(steps[window - 1 :], running, color=BLUE, linewidth=2)
    axes.set(title=f"Training of the {name}", xlabel="step", ylabel="loss", yscale="log")
    figure.savefig(path, dpi=120)
