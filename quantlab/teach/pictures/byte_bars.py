"""Stacked bars of bytes: where a model's bytes are, one bar a format."""

from __future__ import annotations

from collections.abc import Mapping

from quantlab.base.palette import AMBER, BLUE, GREEN, GREY, INK, ORANGE, PALE, PAPER, SKY
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, note

LEFT, RIGHT, ROW = 20.0, WIDTH - 20.0, 78.0
COLOURS = (BLUE, ORANGE, GREEN, AMBER, SKY, GREY)


def byte_bars(bars: Mapping[str, Mapping[str, int]]) -> Drawing:
    """One bar for each title, to one measure; its parts in order, their bytes listed below.

    Parameters
    ----------
    bars : mapping from title to a mapping from part to bytes
        The first bar is the one the others are compared with. Parts of 0 bytes are left out.
    """
    totals = {title: sum(parts.values()) for title, parts in bars.items()}
    if not totals or max(totals.values()) == 0:
        return note("No bars: there are no bytes to show.")
    names = list(dict.fromkeys(part for parts in bars.values() for part in parts))
    canvas = Canvas(height=16 + ROW * len(bars) + 26 * ((len(names) + 2) // 3) + 8)
    reference = next(iter(totals.values()))
    for place, (title, parts) in enumerate(bars.items()):
        top = 16 + ROW * place
        canvas.text(LEFT, top + 14, title, INK, TEXT, "start", bold=True)
        canvas.text(RIGHT, top + 14, _total(totals[title], reference, place), INK, TEXT, "end")
        _bar(canvas, parts, names, top + 24, max(totals.values()))
    last = list(bars.values())[-1]
    _legend(canvas, {name: last.get(name, 0) for name in names}, 16 + ROW * len(bars))
    return canvas.finish(_words(bars, totals, reference))


def in_bytes(count: int) -> str:
    """Bytes in the unit a person would use; k, M and G are powers of 1,000."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} bytes"


def _total(total: int, reference: int, place: int) -> str:
    if place == 0 or total == 0:
        return in_bytes(total)
    if total >= reference:
        return f"{in_bytes(total)}, not smaller"
    return f"{in_bytes(total)}, {reference / total:.2f} times smaller"


def _bar(
    canvas: Canvas, parts: Mapping[str, int], names: list[str], y: float, longest: int
) -> None:
    canvas.rect(LEFT, y, RIGHT - LEFT, 30, PALE, radius=3)
    x = LEFT
    for name, count in parts.items():
        width = (RIGHT - LEFT) * count / longest
        if count == 0:
            continue
        canvas.rect(x, y, width, 30, COLOURS[names.index(name) % len(COLOURS)], PAPER, 1)
        label = 7.6 * len(name) + 12
        if width > label + 8:
            canvas.rect(x + (width - label) / 2, y + 5, label, 20, PAPER, radius=4)
            canvas.text(x + width / 2, y + 20, name, INK, SMALL, bold=True)
        x += width


def _legend(canvas: Canvas, parts: Mapping[str, int], y: float) -> None:
    """The parts from left to right, with the last bar's bytes."""
    for place, (name, count) in enumerate(parts.items()):
        x = LEFT + (RIGHT - LEFT) / 3 * (place % 3)
        at = y + 26 * (place // 3)
        canvas.rect(x, at, 14, 14, COLOURS[place % len(COLOURS)], radius=2)
        canvas.text(x + 22, at + 12, f"{name} {in_bytes(count)}", INK, SMALL, "start")


def _words(bars: Mapping[str, Mapping[str, int]], totals: dict[str, int], reference: int) -> str:
    said = []
    for place, (title, parts) in enumerate(bars.items()):
        listed = ", ".join(f"{name} {in_bytes(n)}" for name, n in parts.items() if n)
        said.append(f"{title}: {_total(totals[title], reference, place)} ({listed})")
    return ". ".join(said) + "."
