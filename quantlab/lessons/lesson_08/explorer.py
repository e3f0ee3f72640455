"""Explorer of lesson 08: a float weight creeps towards a target, and its tick jumps."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets
import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, short
from quantlab.teach.static_twin import WidgetTwin

TRUE, THROUGH = "rounding's own: 0", "straight-through"
CONSTANT, DECAYING = "constant", "falls to 0"
#: The ruler: steps of 0.5 from −2 to 3, and where the weight begins.
SCALE, LO, HI, START, STEPS = 0.5, -2, 3, -0.6, 60
LEFT, RIGHT, TOP, BOTTOM = 76.0, WIDTH - 24.0, 58.0, 268.0


def path_of(target: float, rate: float, gradient: str, schedule: str) -> np.ndarray:
    """The float weight before each step, and after the last one: float64 (STEPS + 1,).

    The loss is (y - target)**2, where y is the real value of the weight's tick.
    """
    weights = [START]
    for step in range(STEPS):
        q = np.rint(weights[-1] / SCALE)
        y = float(np.clip(q, LO, HI)) * SCALE
        passes = gradient == THROUGH and LO <= q <= HI
        now = rate * (1 - step / STEPS) if schedule == DECAYING else rate
        weights.append(weights[-1] - now * (2 * (y - target) if passes else 0.0))
    return np.array(weights)


def ticks_of(weights: np.ndarray) -> np.ndarray:
    """The number of the tick that each weight goes to, int64."""
    return np.clip(np.rint(weights / SCALE), LO, HI).astype(np.int64)


class StraightThroughExplorer(Explorer):
    """Controls `target`, `rate`, `gradient` and `schedule`."""

    def __init__(self, target: float, rate: float, gradient: str, schedule: str) -> None:
        super().__init__(
            {
                "gradient": widgets.Dropdown(
                    options=(TRUE, THROUGH), value=gradient, description="gradient of rounding"
                ),
                "target": widgets.FloatSlider(
                    value=target, min=-1.0, max=1.5, step=0.05, description="target"
                ),
                "rate": widgets.FloatSlider(
                    value=rate, min=0.01, max=0.5, step=0.01, description="rate"
                ),
                "schedule": widgets.Dropdown(
                    options=(CONSTANT, DECAYING), value=schedule, description="the rate"
                ),
            }
        )

    def draw(self, gradient: str, target: float, rate: float, schedule: str) -> Drawing:  # type: ignore[override]
        return path_drawing(target, rate, gradient, schedule)


def explore_straight_through(target: float = 0.85, rate: float = 0.1) -> WidgetTwin:
    """The explorer of lesson 08; its static twin shows both gradients.

    Parameters
    ----------
    target : float
        Where the loss is smallest, -1 to 1.5.
    rate : float
        Of the gradient descent, 0.01 to 0.5.
    """
    still = [path_drawing(target, rate, kind, CONSTANT) for kind in (TRUE, THROUGH)]
    html = "".join(f"{drawing.to_img()}<p>{escape(drawing.text)}</p>" for drawing in still)
    widget = StraightThroughExplorer(target, rate, TRUE, CONSTANT)
    return WidgetTwin(widget, html, " ".join(drawing.text for drawing in still))


def path_drawing(target: float, rate: float, gradient: str, schedule: str) -> Drawing:
    """The float weight as a line over the steps, its tick as a dot at each step."""
    weights = path_of(target, rate, gradient, schedule)
    ticks = ticks_of(weights)
    canvas = Canvas(height=318)
    _frame(canvas, target)
    points = [(_across(k), _up(w)) for k, w in enumerate(weights)]
    canvas.polyline(points, BLUE, 2.5)
    for k, tick in enumerate(ticks):
        moved = k > 0 and tick != ticks[k - 1]
        canvas.dot(_across(k), _up(tick * SCALE), ORANGE if moved else INK, 5 if moved else 3)
    return canvas.finish(_words(weights, ticks, target, gradient))


def _across(step: float) -> float:
    return LEFT + (RIGHT - LEFT) * step / STEPS


def _up(real: float) -> float:
    low, high = LO * SCALE - 0.2, HI * SCALE + 0.2
    return BOTTOM - (BOTTOM - TOP) * (min(max(real, low), high) - low) / (high - low)


def _frame(canvas: Canvas, target: float) -> None:
    for tick in range(LO, HI + 1):
        y = _up(tick * SCALE)
        canvas.line(LEFT, y, RIGHT, y, PALE, 2)
        canvas.text(LEFT - 10, y + 5, short(tick * SCALE), GREY, SMALL, "end")
    canvas.line(LEFT, _up(target), RIGHT, _up(target), GREY, 1.5, "6 4")
    canvas.text(20, 26, "line: the float weight", BLUE, TEXT, "start", bold=True)
    canvas.text(206, 26, "dots: its tick, large where it jumps", ORANGE, TEXT, "start", bold=True)
    canvas.text(WIDTH - 24, 26, "dashed: the target", GREY, SMALL, "end")
    for step in range(0, STEPS + 1, 10):
        canvas.text(_across(step), BOTTOM + 20, str(step), GREY, SMALL)
    canvas.text((LEFT + RIGHT) / 2, BOTTOM + 42, "step of training", GREY, SMALL)


def _words(weights: np.ndarray, ticks: np.ndarray, target: float, gradient: str) -> str:
    jumps = np.flatnonzero(np.diff(ticks)) + 1
    found = (
        f"Gradient of rounding: {gradient}. The float weight goes from {short(START)} to "
        f"{short(round(float(weights[-1]), 3))} in {STEPS} steps; the target is {short(target)}. "
    )
    if not len(jumps):
        return found + f"Its tick never changes: {short(ticks[0] * SCALE)}."
    last = f"the last time at step {jumps[-1]}" if len(jumps) > 1 else f"at step {jumps[0]}"
    times = "once" if len(jumps) == 1 else f"{len(jumps)} times"
    return found + f"Its tick changes {times}, {last}, and ends at {short(ticks[-1] * SCALE)}."
