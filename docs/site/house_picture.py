"""The pictures of the house as SVG: Mermaid's few lines that docs/draw_house.py writes, drawn here.

Mermaid itself is a script of megabytes, which a page would have to load. Rooms stand in rows, each
below every room that imports from it; an arrow that passes a row goes through a gap of its own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from itertools import count

BLOCK = re.compile(r"```mermaid\nflowchart TD\n(.*?)```", re.S)
ROOM = re.compile(r'^ *(\w+)\["<b>(.+?)</b>(?:<br/>(.*?))?"\]$', re.M)
ARROW = re.compile(r"^ *(\w+) --> (\w+)$", re.M)
#: In pixels: a box, what lies between two, a passing arrow's gap, a line of text, a row's air.
WIDE, BETWEEN, GAP, LINE, AIR = 212, 18, 18, 16, 34
#: Letters in one line of a box.
LETTERS = 32
SWEEPS = 4


@dataclass(frozen=True)
class Room:
    """A box: its name and the lines below it."""

    name: str
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return LINE * (len(self.lines) + 1) + 14


#: A row from left to right: a room's name, or (upper, lower) where their arrow passes.
Row = list[str | tuple[str, str]]


def with_pictures(page: str) -> str:
    """A page in Markdown with every Mermaid block drawn."""
    number = count(1)
    return BLOCK.sub(lambda block: f"<div>{_svg(block[1], next(number))}</div>\n", page)


def rows_of(names: list[str], arrows: list[tuple[str, str]]) -> list[Row]:
    """The rooms in rows; whatever an arrow leads to stands below where it comes from."""
    level = dict.fromkeys(names, 0)
    for _ in names:  # the longest way has fewer steps than there are rooms
        for upper, lower in arrows:
            level[lower] = max(level[lower], level[upper] + 1)
    rows: list[Row] = [[] for _ in range(max(level.values(), default=0) + 1)]
    for name in names:
        rows[level[name]].append(name)
    for upper, lower in arrows:
        for row in rows[level[upper] + 1 : level[lower]]:
            row.append((upper, lower))
    return _sorted(rows, arrows, level)


def _sorted(rows: list[Row], arrows: list[tuple[str, str]], level: Mapping[str, int]) -> list[Row]:
    """Each row by where its neighbours above and below stand, in turn, so that few arrows cross."""
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for n in order:
            other = rows[n - 1 if down else n + 1]
            places = {place: x / max(len(other) - 1, 1) for x, place in enumerate(other)}
            own = {place: x / max(len(rows[n]) - 1, 1) for x, place in enumerate(rows[n])}

            def wanted(
                place: str | tuple[str, str],
                places: Mapping[str | tuple[str, str], float] = places,
                own: Mapping[str | tuple[str, str], float] = own,
            ) -> float:
                near = [places[x] for x in _neighbours(place, arrows) if x in places]
                return sum(near) / len(near) if near else own[place]

            rows[n].sort(key=wanted)
    return rows


def _neighbours(
    place: str | tuple[str, str], arrows: list[tuple[str, str]]
) -> list[str | tuple[str, str]]:
    if isinstance(place, tuple):
        return [place, *place]
    ends: list[str | tuple[str, str]] = []
    for arrow in arrows:
        if place in arrow:
            ends += [arrow, arrow[0] if arrow[1] == place else arrow[1]]
    return ends


def _svg(flowchart: str, number: int) -> str:
    found = ROOM.findall(flowchart)
    rooms = {
        key: Room(unescape(name), tuple(textwrap.wrap(unescape(inside), LETTERS)))
        for key, name, inside in found
    }
    arrows = [(upper, lower) for upper, lower in ARROW.findall(flowchart)]
    rows = rows_of(list(rooms), arrows)
    width = max(map(_width, rows))
    boxes: list[str] = []
    points: dict[tuple[str, str], list[tuple[float, float, float]]] = {a: [] for a in arrows}
    y = 0.0
    for row in rows:
        height = max((rooms[place].height for place in row if isinstance(place, str)), default=0)
        x = (width - _width(row)) / 2
        for place in row:
            wide = GAP if isinstance(place, tuple) else WIDE
            middle = x + wide / 2
            if isinstance(place, tuple):
                points[place].append((middle, y, y + height))
            else:
                boxes.append(_box(rooms[place], x, y))
                for arrow in arrows:
                    if place in arrow:
                        points[arrow].append((middle, y, y + rooms[place].height))
            x += wide + BETWEEN
        y += height + AIR
    said = "; ".join(", ".join(rooms[p].name for p in row if isinstance(p, str)) for row in rows)
    lines = "".join(_line(way, f"ql-tip-{number}") for way in points.values())
    return (
        f'<svg class="ql-house" role="img" viewBox="-2 -2 {width + 4:g} {y - AIR + 4:g}" '
        f'width="{width + 4:g}" aria-label="Rooms from the top floor down: {escape(said)}.">'
        f'<defs><marker id="ql-tip-{number}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{''.join(boxes)}{lines}</svg>"
    )


def _width(row: Row) -> float:
    wide = sum(GAP if isinstance(place, tuple) else WIDE for place in row)
    return wide + BETWEEN * (len(row) - 1)


def _box(room: Room, x: float, y: float) -> str:
    middle, text = x + WIDE / 2, y + LINE + 3
    lines = "".join(
        f'<text x="{middle:g}" y="{text + LINE * n:g}">{escape(line)}</text>'
        for n, line in enumerate(room.lines, start=1)
    )
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{room.height}" rx="6"/>'
        f'<text x="{middle:g}" y="{text:g}" class="ql-room">{escape(room.name)}</text>{lines}'
    )


def _line(points: list[tuple[float, float, float]], tip: str) -> str:
    """From the lower edge of the first box to the upper edge of the last one, by the gaps."""
    (x, _, y), *rest = points
    path = f"M{x:g} {y:g}"
    for to_x, top, bottom in rest:
        half = (y + top) / 2
        path += f"C{x:g} {half:g} {to_x:g} {half:g} {to_x:g} {top:g}"
        x, y = to_x, top
        if (to_x, top, bottom) != points[-1]:
            path, y = f"{path}V{bottom:g}", bottom
    return f'<path class="ql-arrow" d="{path}" marker-end="url(#{tip})"/>'
