"""One look for all matplotlib figures: white paper, the palette, and words for each picture.

matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quantlab.base.palette import GREY, INK, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2  # inches, as wide as a notebook's text
ROW = 0.32  # inches a line of a chart with one line a group or layer
MANY = 24  # with more lines they stand closer, in smaller letters

SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 13,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 11,
    "grid.color": PALE,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 11,
    "ytick.color": INK,
    "ytick.labelsize": 11,
}


def panels(rows: int, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """A figure of `rows` axes above each other, `height` inches in all, in this look.

    `shared` goes to Figure.subplots. Drawing is up to the caller, within `look()`.
    """
    from matplotlib.figure import Figure

    with look():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.subplots(rows, 1, squeeze=False, **shared)
    return figure, list(axes[:, 0])


def look() -> Any:
    """A context in which matplotlib draws with SETTINGS; outside it nothing has changed."""
    from matplotlib import rc_context

    return rc_context(SETTINGS)


def describe(figure: Figure, text: str) -> Figure:
    """The figure with its sentence kept as metadata, for `alt_text`."""
    figure.set_label(text)
    return figure


def alt_text(figure: Figure) -> str:
    """What the figure shows, in one or two sentences: alt text for screen readers.

    Raises
    ------
    ValueError
        The figure was not drawn by quantlab.
    """
    text = str(figure.get_label())
    if not text:
        raise ValueError(
            "the figure has no words of its own: describe it yourself, or draw it with plot()."
        )
    return text


def height_of(lines: int) -> float:
    """Inches that so many lines take."""
    return lines * (ROW if lines <= MANY else 0.6 * ROW)


def names_down(axes: Axes, names: list[str]) -> None:
    """One line a name, the first on top; the grid runs along the values only."""
    axes.set_yticks(range(len(names)), names, fontsize=11 if len(names) <= MANY else 9)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
