"""Explorer of lesson 04: move the end of a ruler over a real activation, and watch two losses."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets
import numpy as np

from quantlab.base.palette import AMBER, BLUE, GREY, INK, ORANGE, PALE, PALE_BLUE, SKY
from quantlab.lessons.lesson_04.material.clip_curve import (
    BITS,
    PERCENT,
    ClipCurve,
    classifier_curve,
)
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, WIDTH, Canvas, Drawing
from quantlab.teach.static_twin import WidgetTwin

LEFT, RIGHT = 70.0, WIDTH - 20.0
TOP, MIDDLE, GAP, BOTTOM = 34.0, 170.0, 236.0, 400.0
#: Decades of error below the largest one that the lower panel shows.
DECADES = 5.0


class ClipExplorer(Explorer):
    """Controls `end` (percent of the largest value) and `bits`."""

    def __init__(self, curve: ClipCurve, end: int, bits: int) -> None:
        self.curve = curve
        super().__init__(
            {
                "end": widgets.IntSlider(
                    value=end, min=PERCENT[0], max=PERCENT[-1],
                    description="ruler ends at, in % of max",
                ),
                "bits": widgets.SelectionSlider(options=BITS, value=bits, description="bits"),
            }
        )  # fmt: skip

    def draw(self, end: int, bits: int) -> Drawing:  # type: ignore[override]
        return clip_drawing(self.curve, end, bits)


def explore_clipping(end: int = 100, bits: int = 4) -> WidgetTwin:
    """The explorer of lesson 04; its static twin shows the start and the best end.

    Parameters
    ----------
    end : int
        Where the ruler ends at first, in percent of the largest value, 2 to 100.
    bits : int
        2, 3, 4, 6 or 8.

    Raises
    ------
    ValueError
        A start value outside these.
    """
    if end not in PERCENT:
        raise ValueError(
            f"end is {end!r}, but the slider runs from {PERCENT[0]} to {PERCENT[-1]} percent in "
            "whole steps: start within it."
        )
    if bits not in BITS:
        raise ValueError(f"bits is {bits!r}, but the choices are {BITS}: take one.")
    curve = classifier_curve()
    best = PERCENT[int(np.argmin(curve.total[bits]))]
    stills = [clip_drawing(curve, place, bits) for place in dict.fromkeys((end, best))]
    html = "".join(f"{still.to_img()}<p>{escape(still.text)}</p>" for still in stills)
    text = " ".join(still.text for still in stills)
    return WidgetTwin(ClipExplorer(curve, end, bits), html, text)


def clip_drawing(curve: ClipCurve, end: int, bits: int) -> Drawing:
    """The histogram with the ruler's end above, the squared errors of every end below."""
    canvas, at = Canvas(height=BOTTOM + 46), PERCENT.index(end)
    _histogram(canvas, curve, end)
    _errors(canvas, curve, at, bits)
    return canvas.finish(_words(curve, at, bits))


def _x(percent: float) -> float:
    return LEFT + (RIGHT - LEFT) * percent / 100


def _histogram(canvas: Canvas, curve: ClipCurve, end: int) -> None:
    canvas.rect(_x(0), TOP, _x(end) - _x(0), MIDDLE - TOP, PALE_BLUE)
    heights = np.log10(np.maximum(curve.counts, 0.5)) - np.log10(0.5)
    wide = (RIGHT - LEFT) / len(heights)
    for place, height in enumerate(heights / heights.max() * (MIDDLE - TOP - 6)):
        colour = BLUE if 100 * (place + 0.5) / len(heights) <= end else ORANGE
        canvas.rect(LEFT + place * wide, MIDDLE - height, wide - 1, height, colour)
    canvas.line(LEFT, MIDDLE, RIGHT, MIDDLE, INK, 1)
    canvas.line(_x(end), TOP - 6, _x(end), MIDDLE, INK, 2)
    canvas.text(LEFT, 18, "how many values (log); orange ones are clipped", GREY, SMALL, "start")
    for percent in (0, 25, 50, 75, 100):
        value = f"{curve.largest * percent / 100:.3g}"
        canvas.text(
            _x(percent), MIDDLE + 18, value, INK, SMALL, "end" if percent == 100 else "middle"
        )
    canvas.text((LEFT + RIGHT) / 2, MIDDLE + 36, "value of the activation (no unit)", GREY, SMALL)


def _errors(canvas: Canvas, curve: ClipCurve, at: int, bits: int) -> None:
    total = curve.total[bits]
    rounding = np.maximum(total - curve.clipping, 0.0)
    highest = float(np.ceil(np.log10(max(t.max() for t in curve.total.values()))))

    def y(error: float) -> float:
        down = (highest - np.log10(max(error, 1e-12))) / DECADES
        return GAP + (BOTTOM - GAP) * float(min(max(down, 0.0), 1.0))

    for decade in range(int(DECADES) + 1):
        level = y(10.0 ** (highest - decade))
        canvas.line(LEFT, level, RIGHT, level, PALE, 1)
        canvas.text(LEFT - 6, level + 4, f"{10.0 ** (highest - decade):g}", INK, SMALL, "end")
    minmax = y(total[-1])
    canvas.path(f"M{LEFT:.1f},{minmax:.1f} H{RIGHT:.1f}", GREY, 1.5, dash="6 4")
    for name, errors, colour, width, dash, place, down in (
        ("clipping", curve.clipping, AMBER, 1.8, "2 4", 70, -8),
        ("rounding", rounding, SKY, 1.8, "9 4", 30, 18),
        ("both", total, INK, 2.5, "", 3, -8),
    ):
        points = [(_x(p), y(e)) for p, e in zip(PERCENT, errors, strict=True)]
        canvas.path(
            "M" + " L".join(f"{x:.1f},{v:.1f}" for x, v in points), colour, width, dash=dash
        )
        canvas.text(
            _x(place) + 6, y(errors[PERCENT.index(place)]) + down, name, INK, SMALL, "start"
        )
    canvas.dot(_x(PERCENT[at]), y(total[at]), ORANGE, 6)
    legend = "mean squared error (log); the straight dashed line is min-max's"
    canvas.text(LEFT, GAP - 12, legend, GREY, SMALL, "start")
    canvas.text((LEFT + RIGHT) / 2, BOTTOM + 38, "where the ruler ends, in % of the largest value",
                GREY, SMALL)  # fmt: skip
    for percent in (0, 25, 50, 75, 100):
        canvas.text(_x(percent), BOTTOM + 18, f"{percent}", INK, SMALL,
                    "end" if percent == 100 else "middle")  # fmt: skip


def _words(curve: ClipCurve, at: int, bits: int) -> str:
    total, minmax = float(curve.total[bits][at]), float(curve.total[bits][-1])
    times = minmax / total
    verdict = (
        f"{times:.2f} times smaller than min-max's: goal reached"
        if times > 1.005
        else "no better than min-max's: move on"
    )
    return (
        f"{bits} bits, ruler from 0 to {curve.largest * PERCENT[at] / 100:.3g}, "
        f"{PERCENT[at]} % of the largest value; {100 * curve.beyond[at]:.2g} % of the values are "
        f"clipped. Mean squared error {total:.3g}, of which clipping {curve.clipping[at]:.3g}; "
        f"min-max has {minmax:.3g}. Yours is {verdict}."
    )
