"""Intervals of drops, one line each, with 0 and a limit marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from quantlab.analysis.bootstrap import Drop
from quantlab.analysis.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    describe,
    height_of,
    look,
    names_down,
    panels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Verdict -> colour and marker.
LOOKS = {
    "lost": (ORANGE, "v"),
    "gained": (GREEN, "^"),
    "inconclusive": (BLUE, "o"),
    "unchanged": (GREY, "s"),
}


def drop_figure(
    drops: Mapping[str, Drop], *, limit: float | None = None, few: int = 0, unit: str = ""
) -> Figure:
    """One line a group: the drop as a mark, its interval as a bar.

    Parameters
    ----------
    drops : mapping of name to Drop, drawn from the top
    limit : float, optional
        The largest drop allowed, drawn as a line.
    few : int
        Groups with fewer images are drawn hollow and thin.
    unit : str
        Of the statistic, such as "accuracy (share of images)".
    """
    figure, (axes,) = panels(1, 2.0 + height_of(len(drops)))
    with look():
        axes.axvline(0, color=INK, linewidth=1)
        if limit is not None:
            axes.axvline(limit, color=INK, linewidth=1.5, linestyle="--", label=f"limit {limit:g}")
        for row, drop in enumerate(drops.values()):
            _draw(axes, row, drop, hollow=drop.images < few)
        names_down(axes, [f"{name} ({drop.images:,})" for name, drop in drops.items()])
        confidence = next(iter(drops.values())).confidence
        axes.set_ylabel("group (images)")
        axes.set_xlabel(f"drop{' of ' + unit if unit else ''}, before − after: lost on the right")
        axes.set_title(f"What the change cost, with {confidence:.0%} intervals")
        _legend(axes, drops, few)
    return describe(figure, _words(drops, limit))


def _draw(axes: Axes, row: int, drop: Drop, *, hollow: bool) -> None:
    colour, marker = LOOKS[drop.verdict]
    axes.plot([drop.low, drop.high], [row, row], color=colour, linewidth=1.5 if hollow else 4)
    face = "white" if hollow else colour
    axes.plot(
        [drop.drop],
        [row],
        marker=marker,
        color=colour,
        markerfacecolor=face,
        markersize=9,
        zorder=3,
    )


def _legend(axes: Axes, drops: Mapping[str, Drop], few: int) -> None:
    from matplotlib.lines import Line2D

    seen = [verdict for verdict in LOOKS if any(d.verdict == verdict for d in drops.values())]
    handles = [
        Line2D([], [], color=LOOKS[v][0], marker=LOOKS[v][1], linestyle="", markersize=8, label=v)
        for v in seen
    ]
    if any(drop.images < few for drop in drops.values()):
        hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="")
        hollow.set_label(f"fewer than {few} images: a hint")
        handles.append(hollow)
    lines = axes.get_legend_handles_labels()[0]
    axes.figure.legend(handles=[*handles, *lines], loc="outside lower left", ncols=3)


def _words(drops: Mapping[str, Drop], limit: float | None) -> str:
    said = [
        f"{name}: drop {d.drop:.3g}, interval {d.low:.3g} to {d.high:.3g}, {d.verdict}"
        for name, d in drops.items()
    ]
    against = "" if limit is None else f" The limit is {limit:g}."
    return f"Drops with their intervals. {'; '.join(said)}.{against}"
