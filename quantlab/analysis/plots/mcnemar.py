"""McNemar's table as two bars: who changed sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantlab.base.figure_style import describe, look, names_down, panels
from quantlab.base.palette import BLUE, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def mcnemar_figure(lost: int, won: int, *, both: int, neither: int, p: float) -> Figure:
    """Images lost and won as bars, and what a fair coin would do to them.

    Parameters
    ----------
    lost, won, both, neither : int
        Images right only before, only after, both times, never.
    p : float
        The mid-p value.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (axes,) = panels(1, 2.6)
    images = lost + won + both + neither
    with look():
        axes.barh([0, 1], [lost, won], color=[ORANGE, BLUE], height=0.6)
        for row, count in enumerate((lost, won)):
            axes.annotate(
                f"{count:,}", (count, row), (5, 0), textcoords="offset points", va="center"
            )
        axes.axvline(
            (lost + won) / 2,
            color=INK,
            linestyle="--",
            linewidth=1.5,
            label="expected of equally good models",
        )
        names_down(axes, ["right before, wrong after", "wrong before, right after"])
        axes.set_xlim(0, 1.15 * max(lost, won, 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside lower left")
        axes.set_xlabel(f"images that changed sides, of {images:,}")
        axes.set_title(f"Lost or won? p = {p:.3g} (McNemar, mid-p)")
    return describe(
        figure,
        f"Of {images} images {lost} were right before and wrong after, {won} the other way "
        f"round; {both} both right, {neither} both wrong. p = {p:.3g}.",
    )
