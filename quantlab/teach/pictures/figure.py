"""matplotlib figures for lessons: one look, a PNG with alt text that follows the theme, nothing
left open."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from IPython.display import display

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from quantlab.base.figure_style import SETTINGS, WIDTH
from quantlab.base.palette import AMBER, BLUE, GREEN, GREY, ORANGE, SKY
from quantlab.base.table import Table
from quantlab.base.table_html import html_of
from quantlab.teach.pictures.drawing import WIDEST
from quantlab.teach.pictures.numbers import numbers_of
from quantlab.teach.pictures.theme import BY_DAY, BY_NIGHT, FOLLOWS, TURNS, turned

#: A saved figure has so many pixels for one on the page: sharp text on any screen.
FINER = 2
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
    """Display a figure as a PNG with alt text, its numbers as a folded table, and close it.

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
    fig.savefig(png, format="png", dpi=FINER * fig.dpi)
    photographs, numbers = _photographs(fig), numbers_of(fig)
    pyplot.close(fig)
    if photographs:
        day = _image(png, alt, BY_DAY)
        night = _image(_by_night(png, photographs), alt, BY_NIGHT, "display:none;")
        image = day + night + FOLLOWS
    else:
        image = _image(png, alt, TURNS) + FOLLOWS
    display({"text/html": image + _folded(numbers), "text/plain": alt}, raw=True)


def _folded(tables: Sequence[Table]) -> str:
    """The tables behind a line that unfolds them; Space on it is the reader's, not JupyterLab's."""
    if not tables:
        return ""
    return (
        '<details><summary data-lm-suppress-shortcuts="true">The numbers as a table</summary>'
        f"{html_of(tables[0].caption, tables, ())}</details>"
    )


def _image(png: io.BytesIO, alt: str, name: str, style: str = "") -> str:
    data = base64.b64encode(png.getvalue()).decode("ascii")
    return (
        f'<img alt="{escape(alt)}" class="{name}" src="data:image/png;base64,{data}" '
        f'style="{style}width:100%;max-width:{WIDEST}px">'
    )


def _photographs(fig: Figure) -> list[tuple[int, int, int, int]]:
    """Where pictures in colour lie in the saved figure: left, low, right, top in its pixels."""
    pictures = (image for axes in fig.axes for image in axes.images)
    boxes = [p.get_window_extent() for p in pictures if getattr(p.get_array(), "ndim", 0) == 3]
    corners = [(np.floor(FINER * b.min), np.ceil(FINER * b.max)) for b in boxes]
    return [(int(a[0]), int(a[1]), int(b[0]), int(b[1])) for a, b in corners]


def _by_night(png: io.BytesIO, photographs: list[tuple[int, int, int, int]]) -> io.BytesIO:
    """The figure as a dark theme turns it, but for its photographs: nobody knows a street by its
    negative."""
    from matplotlib.image import imread, imsave

    png.seek(0)
    before = imread(png)[..., :3]
    after, height = turned(before), len(before)
    for left, low, right, top in photographs:
        box = slice(max(height - top, 0), height - low), slice(max(left, 0), right)
        after[box] = before[box]
    night = io.BytesIO()
    imsave(night, after, format="png")
    return night
