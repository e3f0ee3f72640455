"""The numbers of a matplotlib figure as tables: what its lines, marks and bars were drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.base.table import Column, Row, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A series of more points is thinned evenly to so many, its ends among them.
MOST = 24


def numbers_of(fig: Figure) -> tuple[Table, ...]:
    """One table for each pair of axes that shows data, in the units of its axes' labels.

    A line that only marks a place (`axvline`) and a picture have no rows. A series without a
    legend goes by its `gid`.
    """
    tables = []
    for axes in fig.axes:
        found = list(_series(axes))
        rows = tuple(row for name, points in found for row in _rows(axes, name, points))
        if not rows:
            continue
        across, up = _header(axes.get_xlabel(), "x"), _header(axes.get_ylabel(), "y")
        columns = (
            Column("series", "series"),
            Column(across, "x", "" if _names(axes.xaxis) else ".4g"),
            Column(up, "y", "" if _names(axes.yaxis) else ".4g"),
        )
        thinned = any(len(points) > MOST for _, points in found)
        cut = f" ({MOST} points of each series)" if thinned else ""
        tables.append(Table(columns, rows, _title(axes) + cut))
    return tuple(tables)


def _series(axes: Axes) -> Iterator[tuple[str, np.ndarray]]:
    """Name and points, (n, 2), of each line, each cloud of marks and each set of bars."""
    for line in axes.lines:
        if line.get_transform() == axes.transData:
            yield _name(line), np.asarray(line.get_xydata(), np.float64)
    for marks in axes.collections:
        if marks.get_offset_transform() == axes.transData:
            yield _name(marks), np.asarray(marks.get_offsets(), np.float64)
    for bars in axes.containers:
        yield _name(bars), np.array([_bar(bars, patch) for patch in getattr(bars, "patches", ())])


def _bar(bars: Any, patch: Any) -> tuple[float, float]:
    """The middle of a bar and its length, in the order of the axes."""
    x, y, width, height = patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()
    if getattr(bars, "orientation", "vertical") == "horizontal":
        return width, y + height / 2
    return x + width / 2, height


def _rows(axes: Axes, name: str, points: np.ndarray) -> Iterator[Row]:
    if len(points) > MOST:
        points = points[np.linspace(0, len(points) - 1, MOST).round().astype(int)]
    across, up = _names(axes.xaxis), _names(axes.yaxis)
    for x, y in points:
        yield {"series": name, "x": _said(x, across), "y": _said(y, up)}


def _said(value: float, names: dict[float, str]) -> Any:
    return names.get(round(float(value), 6), f"{value:.4g}") if names else float(value)


def _names(axis: Any) -> dict[float, str]:
    """The words at the ticks of an axis of names; empty for an axis of numbers."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    formatter, places = axis.get_major_formatter(), axis.get_ticklocs()
    if not isinstance(formatter, FixedFormatter | FuncFormatter | StrCategoryFormatter):
        return {}
    words = formatter.format_ticks(places)
    return {round(float(at), 6): word for at, word in zip(places, words, strict=True)}


def _name(drawn: Any) -> str:
    label = str(drawn.get_label())
    gid = drawn.get_gid() if hasattr(drawn, "get_gid") else None
    return str(gid or "") if label.startswith("_") else label


def _title(axes: Axes) -> str:
    return next(
        (said for place in ("left", "center") if (said := str(axes.get_title(loc=place)))), ""
    )


def _header(label: str, otherwise: str) -> str:
    return str(label).partition("\n")[0] or otherwise
