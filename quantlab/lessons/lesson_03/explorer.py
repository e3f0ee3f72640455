"""Explorer of lesson 03: walk through a layer's channels, on one ruler and on their own."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE, SKY
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, short
from quantlab.teach.static_twin import WidgetTwin

ONE, OWN = "one ruler for all channels", "a ruler for each channel"
BITS = (8, 6, 4, 3, 2)
LEFT, RIGHT = 60.0, WIDTH - 24.0
#: The columns of all channels: logarithmic, so many powers of ten below the largest at the floor.
FLOOR, HIGH, DECADES = 150.0, 96.0, 4.0
#: More ticks than this within a channel's reach are drawn as a plain line.
MOST_TICKS = 80


class ChannelExplorer(Explorer):
    """Controls `layer`, `channel`, `bits` and `granularity`; the slider is as long as the layer."""

    def __init__(self, weights: Mapping[str, np.ndarray], layer: str, channel: int) -> None:
        self._rows = {name: w.reshape(len(w), -1).astype(np.float64) for name, w in weights.items()}
        picker = widgets.Dropdown(options=list(weights), value=layer, description="layer")
        walk = widgets.IntSlider(
            value=channel, min=0, max=len(self._rows[layer]) - 1, description="channel"
        )
        # Before the picture follows: it is drawn with a channel that the layer has.
        picker.observe(
            lambda change: setattr(walk, "max", len(self._rows[change["new"]]) - 1), "value"
        )
        super().__init__(
            {
                "layer": picker,
                "channel": walk,
                "bits": widgets.Dropdown(options=BITS, value=8, description="bits"),
                "granularity": widgets.Dropdown(
                    options=(ONE, OWN), value=ONE, description="granularity"
                ),
            }
        )

    def draw(self, layer: str, channel: int, bits: int, granularity: str) -> Drawing:  # type: ignore[override]
        return channel_drawing(self._rows[layer], layer, channel, bits, granularity == OWN)


def explore_channels(
    weights: Mapping[str, np.ndarray], layer: str = "", channel: int = 0
) -> WidgetTwin:
    """The explorer of lesson 03; its static twin shows the start on both kinds of ruler.

    Parameters
    ----------
    weights : mapping from a layer's name to its weight (out, ...)
    layer, channel : where to start; the first layer and channel when left out

    Raises
    ------
    ValueError
        No weights, an unknown layer, a channel that the layer does not have.
    """
    if not weights:
        raise ValueError("There are no weights to walk through: pass a mapping of layer to weight.")
    start = layer or next(iter(weights))
    if start not in weights:
        raise ValueError(f"layer is {start!r}, but there are {', '.join(weights)}: take one.")
    if not 0 <= channel < len(weights[start]):
        raise ValueError(
            f"channel is {channel}, but {start} has 0 to {len(weights[start]) - 1}: take one."
        )
    rows = weights[start].reshape(len(weights[start]), -1).astype(np.float64)
    still = [channel_drawing(rows, start, channel, 8, own) for own in (False, True)]
    html = "".join(f"{drawing.to_img()}<p>{escape(drawing.text)}</p>" for drawing in still)
    text = " ".join(drawing.text for drawing in still)
    return WidgetTwin(ChannelExplorer(weights, start, channel), html, text)


def channel_drawing(rows: np.ndarray, layer: str, channel: int, bits: int, own: bool) -> Drawing:
    """All channels as columns, and below them one channel's weights on its ruler.

    rows  float array (channels, weights a channel)
    """
    farthest = np.abs(rows).max(axis=1)
    steps = 2 ** (bits - 1) - 1
    reach = float(farthest[channel] if own else farthest.max())
    scale = reach / steps if reach else 1.0
    limits = farthest / steps if own else np.full(len(rows), scale)
    gone = (np.rint(farthest / np.where(limits, limits, 1.0)) == 0) & (farthest > 0)
    canvas = Canvas(height=306)
    _columns(canvas, farthest, gone, channel, 0.0 if own else scale / 2)
    ticks = np.clip(np.rint(rows[channel] / scale), -steps, steps)
    _line(canvas, rows[channel], ticks, scale, channel, steps)
    return canvas.finish(_words(rows[channel], ticks, scale, layer, channel, int(gone.sum()), own))


def _columns(
    canvas: Canvas, farthest: np.ndarray, gone: np.ndarray, channel: int, half: float
) -> None:
    largest = float(farthest.max()) or 1.0

    def height(value: float) -> float:
        depth = np.log10(max(value / largest, 10.0**-DECADES)) / DECADES
        return float(HIGH * (1 + depth))

    pitch = (RIGHT - LEFT) / len(farthest)
    caption = "farthest weight of each channel (logarithmic)"
    canvas.text(20, 26, caption, INK, TEXT, "start", bold=True)
    for place, (far, lost) in enumerate(zip(farthest, gone, strict=True)):
        colour = INK if place == channel else ORANGE if lost else SKY
        tall = max(height(far), 2.0)
        canvas.rect(LEFT + pitch * place, FLOOR - tall, max(pitch * 0.8, 1.0), tall, colour)
    x = LEFT + pitch * (channel + 0.4)
    canvas.path(f"M{x:.1f},{FLOOR + 3:.1f} l-6,10 h12 Z", INK, 1, INK)
    canvas.text(min(max(x, LEFT + 40), RIGHT - 40), FLOOR + 28, f"channel {channel}", INK)
    for value, words in ((largest, short(largest)), (largest * 0.01, short(largest * 0.01))):
        canvas.text(LEFT - 8, FLOOR - height(value) + 5, words, GREY, SMALL, "end")
    if half:
        y = FLOOR - height(half)
        canvas.line(LEFT, y, RIGHT, y, ORANGE, 1.5, "6 4")
        canvas.text(WIDTH - 20, 26, "dashed: half a step, below it all zero", ORANGE, SMALL, "end")


def _line(
    canvas: Canvas,
    values: np.ndarray,
    ticks: np.ndarray,
    scale: float,
    channel: int,
    steps: int,
) -> None:
    """The channel under a magnifying glass: as wide as its own weights, or one step."""
    span = max(float(np.abs(values).max()) * 1.1, scale * 1.1)
    y, middle, half = 252.0, (LEFT + RIGHT) / 2, (RIGHT - LEFT) / 2
    canvas.text(20, 206, f"channel {channel}, enlarged", INK, TEXT, "start", bold=True)
    canvas.line(LEFT, y, RIGHT, y, PALE, 5)
    inside = min(int(span / scale), steps)
    if 2 * inside + 1 <= MOST_TICKS:
        for k in range(-inside, inside + 1):
            x = middle + half * k * scale / span
            canvas.line(x, y - 11, x, y + 11, INK if k == 0 else GREY, 2.5 if k == 0 else 1.2)
        facts = f"{2 * inside + 1} ticks, one every {short(scale)}"
    else:
        canvas.line(middle, y - 11, middle, y + 11, INK, 2.5)
        facts = f"{2 * inside + 1} ticks, too close to draw, one every {short(scale)}"
    canvas.text(WIDTH - 20, 206, facts, GREY, anchor="end")
    for value, tick in zip(values, ticks, strict=True):
        x, at = (middle + half * v / span for v in (value, tick * scale))
        colour = BLUE if tick else ORANGE
        canvas.line(x, y - 20, at, y, colour, 1)
        canvas.dot(x, y - 20, colour, 4)
    for real in (-span, 0.0, span):
        x = middle + half * real / span
        anchor = "middle" if real == 0 else "start" if real < 0 else "end"
        canvas.text(x, y + 32, short(real), GREY, SMALL, anchor)


def _words(
    values: np.ndarray,
    ticks: np.ndarray,
    scale: float,
    layer: str,
    channel: int,
    gone: int,
    own: bool,
) -> str:
    zeros = int((ticks == 0).sum())
    facts: dict[str, Any] = {"far": short(float(np.abs(values).max())), "step": short(scale)}
    verdict = (
        "Every one becomes 0: this channel has vanished"
        if values.any() and not ticks.any()
        else f"{zeros} of them become 0"
    )
    return (
        f"{layer}, channel {channel}, {OWN if own else ONE}: its farthest weight is {facts['far']} "
        f"and a step is {facts['step']}. It has {len(values)} weights. {verdict}. "
        f"In this layer {gone} channels become all zero."
    )
