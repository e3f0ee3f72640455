"""matplotlib figures for lessons: one look, a PNG with alt text, nothing left open."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from IPython.display import display

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from quantlab.base.figure_style import SETTINGS, WIDTH
from quantlab.base.palette import AMBER, BLUE, GREEN, GREY, ORANGE, SKY
from quantlab.teach.pictures.drawing import WIDEST

#: Okabe and Ito's palette in the order of use; markers and dashes change along with it.
CYCLE = (BLUE, ORANGE, GREEN, AMBER, SKY, GREY)
MARKERS = ("o", "^", "s", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))


def style() -> None:
    """Set the look of the figures that follow: colours, dashes and markers, sizes, white paper.

    A line is told apart by its dash and marker as well as by its colour.
    """
    from cycler import cycler
    from matplotlib import rcParams

    together = cycler(color=CYCLE) + cycler(linestyle=DASHES) + cycler(marker=MARKERS)
    rcParams.update(SETTINGS)
    rcParams.update(
        {
            "axes.prop_cycle": together,
            "figure.figsize": (WIDTH, 4.0),
            "font.size": 12,
            "lines.linewidth": 2.0,
        }
    )


def show(fig: Figure, *, alt: str) -> None:
    """Display a figure as a PNG with alt text, and close it.

    Parameters
    ----------
    fig : matplotlib Figure
    alt : str
        What the figure shows, in a sentence or two: spoken by screen readers, and shown where
        pictures are not.

    Raises
    ------
    ValueError
        `alt` is empty.
    """
    if not alt.strip():
        raise ValueError(
            "alt is empty, but a reader who cannot see the figure needs its sentence: "
            "say what the figure shows."
        )
    from matplotlib import pyplot

    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=2 * fig.dpi)  # twice as fine, for sharp text on any screen
    pyplot.close(fig)
    data = base64.b64encode(png.getvalue()).decode("ascii")
    image = (
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}" '
        f'style="width:100%;max-width:{WIDEST}px">'
    )
    display({"text/html": image, "text/plain": alt}, raw=True)
