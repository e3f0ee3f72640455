"""Intervals of drops, one line each, with 0 and a limit marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quantlab.base.figure_style import describe, height_of, look, names_down, panels
from quantlab.base.palette import BLUE, GREEN, GREY, INK, ORANGE

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
    names: Sequence[str],
    drops: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    verdicts: Sequence[str],
    images: Sequence[int],
    *,
    confidence: float,
    limit: float | None = None,
    few: int = 0,
) -> Figure:
    """One line a group: the drop as a mark, its interval as a bar.

    Parameters
    ----------
    names, drops, intervals, verdicts, images : one entry a group, drawn from the top
        `verdicts` are keys of LOOKS.
    confidence : float
        Of the intervals, 0 to 1.
    limit : float, optional
        The largest drop allowed, drawn as a line.
    few : int
        Groups with fewer images are drawn hollow and thin.
    """
    figure, (axes,) = panels(1, 2.0 + height_of(len(names)))
    with look():
        axes.axvline(0, color=INK, linewidth=1)
        if limit is not None:
            axes.axvline(limit, color=INK, linewidth=1.5, linestyle="--", label=f"limit {limit:g}")
        rows = zip(drops, intervals, verdicts, images, strict=True)
        for row, (drop, interval, verdict, count) in enumerate(rows):
            _draw(axes, row, drop, interval, verdict, hollow=count < few)
        counted = zip(names, images, strict=True)
        names_down(axes, [f"{name} ({count:,})" for name, count in counted])
        axes.set_ylabel("group (images)")
        axes.set_xlabel("drop, before − after: lost on the right")
        axes.set_title(f"What the change cost, with {confidence:.0%} intervals")
        _legend(axes, verdicts, few if min(images) < few else 0)
    return describe(figure, _words(names, drops, intervals, verdicts, limit))


def _draw(
    axes: Axes,
    row: int,
    drop: float,
    interval: tuple[float, float],
    verdict: str,
    *,
    hollow: bool,
) -> None:
    colour, marker = LOOKS[verdict]
    axes.plot(interval, [row, row], color=colour, linewidth=1.5 if hollow else 4)
    face = "white" if hollow else colour
    axes.plot(
        [drop],
        [row],
        marker=marker,
        color=colour,
        markerfacecolor=face,
        markersize=9,
        zorder=3,
    )


def _legend(axes: Axes, verdicts: Sequence[str], few: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=LOOKS[v][0], marker=LOOKS[v][1], linestyle="", markersize=8, label=v)
        for v in LOOKS
        if v in verdicts
    ]
    if few:
        hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="")
        hollow.set_label(f"fewer than {few} images: a hint")
        handles.append(hollow)
    lines = axes.get_legend_handles_labels()[0]
    axes.figure.legend(handles=[*handles, *lines], loc="outside lower left", ncols=3)


def _words(
    names: Sequence[str],
    drops: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    verdicts: Sequence[str],
    limit: float | None,
) -> str:
    said = [
        f"{name}: drop {drop:.3g}, interval {low:.3g} to {high:.3g}, {verdict}"
        for name, drop, (low, high), verdict in zip(names, drops, intervals, verdicts, strict=True)
    ]
    against = "" if limit is None else f" The limit is {limit:g}."
    return f"Drops with their intervals. {'; '.join(said)}.{against}"
