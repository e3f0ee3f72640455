"""Explorer of lesson 05: eight products become one tick, in 32 bits or in pairs of 16."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE_BLUE, SKY
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.axis import Axis
from quantlab.teach.pictures.drawing import SMALL, WIDTH, Canvas, Drawing
from quantlab.teach.static_twin import WidgetTwin

#: What the sliders scale: eight taps. Two neighbouring weights of one sign make a pair grow.
X_SHARES = np.array([1.0, 0.9, 0.55, 0.7, 1.0, 0.85, 0.95, 0.9])
W_SHARES = np.array([1.0, 0.8, -0.7, 0.9, -1.0, -0.6, 0.9, 0.95])
X_ZERO_POINT, MULTIPLIER, Y_ZERO_POINT = 40, 1 / 512, 20
INT16 = np.iinfo(np.int16)
LEFT, RIGHT = 110.0, WIDTH - 24.0
#: Ends of the two axes: a pair of 255 × 128, and four of them.
PAIR_END, SUM_END = 70_000, 140_000
EXACT, PAIRS = "32 bits (VNNI, exact=True)", "pairs of 16 bits (no VNNI)"


@dataclass(frozen=True)
class Sums:
    """The numbers of one output, as far as `added` products have come in.

    x_q, w_q    the taps so far, as stored; 0 where a product is still to come.
    products    x_q * w_q.
    pairs       exact sum of each pair so far.
    stopped     the same, clamped to INT16 where the CPU does that.
    """

    x_q: np.ndarray
    w_q: np.ndarray
    products: np.ndarray
    pairs: np.ndarray
    stopped: np.ndarray
    zero_part: int

    @classmethod
    def of(cls, x: int, w: int, sums: str, added: int) -> Sums:
        there = np.arange(len(X_SHARES)) < added
        x_q, w_q = (
            np.rint(s * most).astype(int) * there for s, most in ((X_SHARES, x), (W_SHARES, w))
        )
        products = x_q * w_q
        pairs = products.reshape(-1, 2).sum(axis=1)
        stopped = np.clip(pairs, INT16.min, INT16.max) if sums == PAIRS else pairs
        return cls(x_q, w_q, products, pairs, stopped, -X_ZERO_POINT * int(w_q.sum()))

    @property
    def accumulator(self) -> int:
        return int(self.stopped.sum()) + self.zero_part

    @property
    def exact(self) -> int:
        return int(self.pairs.sum()) + self.zero_part

    @property
    def lost(self) -> int:
        """How many pairs were stopped."""
        return int((self.pairs != self.stopped).sum())


def tick_of(accumulator: int) -> int:
    """The output, on a ruler with zero_point 20."""
    return int(np.clip(np.rint(accumulator * MULTIPLIER) + Y_ZERO_POINT, 0, 255))


class AccumulatorExplorer(Explorer):
    """Controls the largest x and w, how products are added, and how many of them."""

    def __init__(self, x: int, w: int, sums: str, added: int) -> None:
        super().__init__(
            {
                "x": widgets.IntSlider(x, 0, 255, description="largest x (UINT8)"),
                "w": widgets.IntSlider(w, 0, 127, description="largest w (INT8)"),
                "sums": widgets.Dropdown(
                    options=[EXACT, PAIRS], value=sums, description="products are added in"
                ),
                "added": widgets.IntSlider(added, 0, 8, description="products added"),
            }
        )

    def draw(self, x: int, w: int, sums: str, added: int) -> Drawing:  # type: ignore[override]
        return drawing(Sums.of(x, w, sums, added), sums)


def explore_accumulator(x: int = 120, w: int = 90, sums: str = EXACT, added: int = 8) -> WidgetTwin:
    """The explorer, with two pictures as its static twin: the same sum in both ways of adding.

    Parameters
    ----------
    x, w : int
        Where the sliders start, 0 to 255 and 0 to 127.
    sums : str
        EXACT or PAIRS.
    added : int
        How many products are in, 0 to 8.
    """
    stills = [drawing(Sums.of(255, 127, way, 8), way) for way in (EXACT, PAIRS)]
    html = "".join(f"{still.to_img()}<p>{escape(still.text)}</p>" for still in stills)
    text = "\n".join(still.text for still in stills)
    return WidgetTwin(AccumulatorExplorer(x, w, sums, added), html, text)


def drawing(found: Sums, sums: str) -> Drawing:
    """Each pair on its own line with the ends of INT16, then the sum, then the tick of y."""
    canvas = Canvas(height=318)
    _pairs(canvas, found, sums)
    _sum(canvas, found)
    _tick(canvas, found)
    return canvas.finish(_words(found, sums))


def _pairs(canvas: Canvas, found: Sums, sums: str) -> None:
    axis = Axis(-PAIR_END, PAIR_END, LEFT, RIGHT)
    limited = sums == PAIRS
    for end in (INT16.min, INT16.max):
        at = axis.at(int(end))
        canvas.line(at, 30, at, 150, ORANGE if limited else GREY, 1.5, "5 4")
        canvas.text(at, 22, _written(int(end)), ORANGE if limited else GREY)
    canvas.line(axis.at(0), 30, axis.at(0), 150, INK, 1)
    canvas.text(axis.at(0), 22, "0", INK)
    for row, (pair, kept) in enumerate(
        zip(found.products.reshape(-1, 2), found.stopped, strict=True)
    ):
        y = 38 + 28 * row
        canvas.text(12, y + 13, f"pair {row + 1}", INK, anchor="start")
        first = int(pair[0])
        _bar(canvas, axis, 0, first, y, BLUE)
        _bar(canvas, axis, first, int(pair.sum()), y + 9, SKY)
        if kept != pair.sum():
            _bar(canvas, axis, int(kept), int(pair.sum()), y + 18, ORANGE, height=4)


def _bar(
    canvas: Canvas, axis: Axis, start: int, end: int, y: float, colour: str, height: float = 8
) -> None:
    low, high = sorted((axis.at(start), axis.at(end)))
    canvas.rect(low, y, high - low, height, colour)


def _sum(canvas: Canvas, found: Sums) -> None:
    axis = Axis(-SUM_END, SUM_END, LEFT, RIGHT)
    canvas.text(12, 190, "sum of pairs", INK, anchor="start")
    canvas.text(12, 212, "− zero_point", INK, anchor="start")
    canvas.line(axis.at(0), 174, axis.at(0), 222, INK, 1)
    stopped = int(found.stopped.sum())
    _bar(canvas, axis, 0, stopped, 180, BLUE, height=12)
    _bar(canvas, axis, stopped, found.accumulator, 202, SKY, height=12)
    for value in (-100_000, 100_000):
        canvas.line(axis.at(value), 174, axis.at(value), 222, GREY, 1, "2 4")
        canvas.text(axis.at(value), 168, _written(value), GREY)
    end = axis.at(found.accumulator)
    canvas.line(end, 174, end, 226, INK, 2)
    if found.lost:
        exact = axis.at(found.exact)
        canvas.line(exact, 174, exact, 226, ORANGE, 2, "3 3")
    at = min(max(end, LEFT + 40), RIGHT - 40)
    canvas.text(at, 240, _written(found.accumulator), INK, bold=True)


def _tick(canvas: Canvas, found: Sums) -> None:
    axis = Axis(0, 255, LEFT, RIGHT)
    canvas.text(12, 282, "tick of y", BLUE, anchor="start")
    canvas.line(axis.at(0), 278, axis.at(255), 278, INK, 2)
    for q in (0, Y_ZERO_POINT, 100, 200, 255):
        canvas.line(axis.at(q), 274, axis.at(q), 286, INK, 1.2)
        canvas.text(axis.at(q), 302, str(q), GREY, SMALL)
    tick, right = tick_of(found.accumulator), tick_of(found.exact)
    canvas.rect(axis.at(tick) - 17, 247, 34, 20, PALE_BLUE, BLUE, 1.5, 5)
    canvas.text(axis.at(tick), 262, str(tick), BLUE, bold=True)
    canvas.dot(axis.at(tick), 278)
    if right != tick:
        canvas.triangle(axis.at(right), 278, 1, 0.8)


def _words(found: Sums, sums: str) -> str:
    pairs = ", ".join(_written(int(pair)) for pair in found.pairs)
    said = f"Products are added in {sums}. The four pairs sum to {pairs}."
    if found.lost:
        were = "pair stops" if found.lost == 1 else "pairs stop"
        said += f" {found.lost} {were} at the end of INT16 (orange: what is lost)."
    elif sums == PAIRS:
        said += " None of them leaves INT16."
    said += (
        f" Without the zero_point's part the sum is {_written(found.accumulator)}, and y is tick "
    )
    said += f"{tick_of(found.accumulator)}"
    if found.lost:
        said += f"; in 32 bits it would be {tick_of(found.exact)} (orange triangle)"
    return said + "."


def _written(value: int) -> str:
    """An integer with separators and a true minus sign."""
    return f"{int(value):,}".replace("-", "−")
