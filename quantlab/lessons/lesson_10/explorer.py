"""Explorer of lesson 10: five choices, and where the plan lands between two targets."""

from __future__ import annotations

import ipywidgets as widgets

from quantlab.base.palette import AMBER, BLUE, GREY, INK, ORANGE, PALE
from quantlab.lessons.lesson_10.material.kept import INPUT, LAST, SCENES, SIGN, WEIGHTS, kept
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing
from quantlab.teach.static_twin import WidgetTwin

MOST_LOST, LEAST_SPEED_UP = 0.7, 2.0
LEFT, RIGHT, TOP, FLOOR = 70.0, WIDTH - 30.0, 46.0, 246.0
#: Ends of the axes: points lost, times as fast.
LOST, SPEED = 18.0, 3.2
CHOICES = {
    "weights": WEIGHTS,
    "scenes": SCENES,
    "heads": LAST,
    "sign": SIGN,
    "input": INPUT,
}
#: Where somebody begins who takes what comes first.
START = {
    "weights": WEIGHTS[1],
    "scenes": SCENES[1],
    "heads": LAST[0],
    "sign": SIGN[1],
    "input": INPUT[1],
}


class PlanExplorer(Explorer):
    """Controls `weights`, `scenes`, `heads`, `sign` and `input`, one a dropdown."""

    def __init__(self) -> None:
        super().__init__(
            {
                name: widgets.Dropdown(options=options, value=START[name], description=name)
                for name, options in CHOICES.items()
            }
        )

    def draw(  # type: ignore[override]
        self, weights: str, scenes: str, heads: str, sign: str, input: str
    ) -> Drawing:
        return plan_drawing(weights, scenes, heads, sign, input)


def explore_plans() -> WidgetTwin:
    """The explorer of lesson 10; its static twin shows the start and the plan that meets both."""
    good = {name: options[0] for name, options in CHOICES.items()}
    still = [plan_drawing(**START), plan_drawing(**good)]
    html = "".join(f"{drawing.to_img()}<p>{drawing.text}</p>" for drawing in still)
    return WidgetTwin(PlanExplorer(), html, " ".join(drawing.text for drawing in still))


def outcome(
    weights: str, scenes: str, heads: str, sign: str, input: str
) -> tuple[list[float], list[float]]:
    """Points lost, and times as fast, each with the ends of its interval, from what is kept."""
    grid = kept()["grid"]
    lost: list[float] = grid["lost"][", ".join((weights, scenes, heads, input))]
    speed: list[float] = grid["speed"][", ".join((heads, sign, input))]
    return lost, speed


def plan_drawing(weights: str, scenes: str, heads: str, sign: str, input: str) -> Drawing:
    """Every plan of the grid as a pale dot, the chosen one with its intervals, the targets as a
    box."""
    lost, speed = outcome(weights, scenes, heads, sign, input)
    canvas = Canvas(height=300)
    canvas.text(20, 22, "points of mAP lost, and times as fast as FP32", INK, TEXT, "start", True)
    canvas.rect(LEFT, TOP, _x(MOST_LOST) - LEFT, _y(LEAST_SPEED_UP) - TOP, PALE)
    canvas.text(_x(MOST_LOST) + 8, _y(2.3), "← in this box both are met", INK, SMALL, "start")
    _axes(canvas)
    for each, fast in _every():
        canvas.dot(_x(each), _y(fast), GREY, 3.5)
    colour = BLUE if _met(lost, speed) else ORANGE
    x, y = _x(lost[0]), _y(speed[0])
    canvas.line(_x(lost[1]), y, _x(lost[2]), y, colour, 2.5)
    canvas.line(x, _y(speed[1]), x, _y(speed[2]), colour, 2.5)
    canvas.dot(x, y, colour, 7)
    canvas.dot(x, y, AMBER, 2.5)
    return canvas.finish(_words(lost, speed))


def _axes(canvas: Canvas) -> None:
    canvas.line(LEFT, FLOOR, RIGHT, FLOOR, GREY, 1)
    canvas.line(LEFT, TOP, LEFT, FLOOR, GREY, 1)
    for points in (0, 6, 12, 18):
        canvas.text(_x(points), FLOOR + 18, str(points), GREY)
    canvas.text((LEFT + RIGHT) / 2, FLOOR + 38, "points lost", INK)
    for times in (1, 2, 3):
        canvas.line(LEFT, _y(times), RIGHT, _y(times), GREY, 0.5)
        canvas.text(LEFT - 8, _y(times) + 5, f"{times}×", GREY, SMALL, "end")


def _every() -> list[tuple[float, float]]:
    grid = kept()["grid"]
    found = []
    for key, (lost, *_) in grid["lost"].items():
        *_, heads, given = key.split(", ")
        found += [(lost, grid["speed"][", ".join((heads, sign, given))][0]) for sign in SIGN]
    return found


def _met(lost: list[float], speed: list[float]) -> bool:
    return lost[2] <= MOST_LOST and speed[1] >= LEAST_SPEED_UP


def _words(lost: list[float], speed: list[float]) -> str:
    said_lost = _verdict(lost[2] <= MOST_LOST, lost[1] > MOST_LOST)
    said_speed = _verdict(speed[1] >= LEAST_SPEED_UP, speed[2] < LEAST_SPEED_UP)
    return (
        f"Lost {lost[0]:.2f} points ({lost[1]:.2f} to {lost[2]:.2f}), at most {MOST_LOST:g}: "
        f"{said_lost}. {speed[0]:.2f} times as fast ({speed[1]:.2f} to {speed[2]:.2f}), at least "
        f"{LEAST_SPEED_UP:g}: {said_speed}."
    )


def _verdict(met: bool, missed: bool) -> str:
    return "met" if met else "missed" if missed else "inconclusive"


def _x(points: float) -> float:
    return LEFT + (RIGHT - LEFT) * (min(max(points, -0.5), LOST) + 0.5) / (LOST + 0.5)


def _y(times: float) -> float:
    return FLOOR - (FLOOR - TOP) * min(times, SPEED) / SPEED
