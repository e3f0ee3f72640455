"""Histograms of one tensor from several kinds of pictures, and where its ruler ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from quantlab.base.figure_style import WIDTH, look
from quantlab.base.palette import BLUE, GREEN, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 60
COLOURS = (BLUE, ORANGE, GREEN)


def histogram_figure(
    values: Mapping[str, np.ndarray], lo: float, hi: float, ruler: str
) -> tuple[Figure, str]:
    """One panel a tensor, on one axis, with marks where the ruler ends.

    Parameters
    ----------
    values : mapping from name to float array
        One to three.
    lo, hi : float
        The first and the last tick, in the unit of the values.
    ruler : str
        Whose ruler it is.

    Returns
    -------
    figure, alt text
    """
    from matplotlib.figure import Figure

    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), bins=BINS)
    shares = {name: 100 * float(np.mean((x < lo) | (x > hi))) for name, x in values.items()}
    with look():
        figure = Figure(figsize=(WIDTH, 0.8 + 1.6 * len(values)))
        panels = figure.subplots(len(values), 1, sharex=True, squeeze=False)[:, 0]
        for panel, (name, x), colour in zip(panels, values.items(), COLOURS, strict=False):
            panel.hist(x, bins=list(edges), color=colour, weights=np.full(x.size, 100 / x.size))
            for end in (lo, hi):
                panel.axvline(end, color=INK, linewidth=1.5, linestyle="--")
            panel.set(title=f"{name}: {shares[name]:.1f} % off the ruler", ylabel="% of values")
        panels[-1].set_xlabel(f"value (no unit); dashed: the ends of {ruler}")
    said = [
        f"{name}: {x.min():.3g} to {x.max():.3g}, {shares[name]:.1f} % of the values off the ruler"
        for name, x in values.items()
    ]
    return figure, f"Histograms; {ruler} runs from {lo:.3g} to {hi:.3g}. {'; '.join(said)}."
