"""What stands beside a road: traffic lights, signs, cones, and things that only look like them."""

from math import pi

from quantlab.scenes.camera import Camera
from quantlab.scenes.canvas import Canvas, Colour, shade
from quantlab.scenes.classes import SEGMENTS
from quantlab.scenes.draws import Draws
from quantlab.scenes.people import Figure
from quantlab.scenes.pose import Pose
from quantlab.scenes.turns import cos_sin

_PLANT, _FURNITURE = SEGMENTS.index("plant"), SEGMENTS.index("furniture")
POLE: Colour = (92, 96, 100)
LAMPS: tuple[Colour, ...] = ((240, 40, 34), (250, 180, 30), (40, 214, 96))
OFF: tuple[Colour, ...] = ((66, 18, 18), (70, 52, 14), (14, 58, 30))
LEAVES: tuple[Colour, ...] = ((52, 92, 44), (74, 110, 52), (40, 76, 50), (120, 108, 44))


def draw_traffic_light(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A case with three lamps, one of them lit."""
    figure, height = Figure(canvas, camera, pose), draws.between(2.0, 2.7)
    _pole(figure, height)
    w, h = 0.19, 0.95
    figure.area([(-w, height), (w, height), (w, height + h), (-w, height + h)], (30, 32, 34))
    lit = draws.weighted((5, 1, 4))
    for k, level in enumerate((0.77, 0.475, 0.18)):
        figure.disc(0, height + level, 0.125, LAMPS[k] if k == lit else OFF[k])


def draw_sign(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A round, triangular, octagonal or square road sign."""
    figure, height = Figure(canvas, camera, pose), draws.between(1.7, 2.3)
    _pole(figure, height)
    radius = draws.between(0.32, 0.42)
    kind = draws.weighted((4, 3, 2, 2))
    red, white, blue = (204, 30, 36), (244, 244, 242), (28, 84, 170)
    if kind == 0:
        figure.disc(0, height, radius, red)
        figure.disc(0, height, radius * 0.74, white)
        mark = draws.between(0.1, 0.2)
        figure.limb([(-mark, height - 0.1), (-mark, height + 0.12)], (30, 30, 32), 0.09)
        figure.limb([(mark, height - 0.1), (mark, height + 0.12)], (30, 30, 32), 0.09)
    elif kind == 1:
        figure.area(_corners(3, radius * 1.15, height, pi / 2), red)
        figure.area(_corners(3, radius * 0.72, height, pi / 2), white)
        figure.limb([(0, height - 0.1), (0, height + 0.16)], (30, 30, 32), 0.07)
    elif kind == 2:
        figure.area(_corners(8, radius, height, pi / 8), red)
        figure.limb([(-0.2, height), (0.2, height)], white, 0.13)
    else:
        figure.area(_corners(4, radius * 1.2, height, pi / 4), blue)
        figure.limb([(-0.12, height - 0.15), (-0.12, height + 0.18)], white, 0.1)
        figure.disc(0, height + 0.1, 0.11, white)


def draw_cone(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A traffic cone of 0.5 to 0.75 m with one or two white bands."""
    figure = Figure(canvas, camera, pose)
    tall = draws.between(0.5, 0.75)
    orange = (242, draws.whole(84, 116), 28)
    figure.area([(-0.24, 0), (0.24, 0), (0.22, 0.06), (-0.22, 0.06)], shade(orange, 0.75))

    def band(low: float, high: float, colour: Colour) -> None:
        a, b = (0.17 - 0.13 * share for share in (low, high))
        figure.area(
            [(-a, low * tall), (a, low * tall), (b, high * tall), (-b, high * tall)], colour
        )

    band(0.08, 1.0, orange)
    band(0.55, 0.75, (246, 246, 244))
    if draws.chance(0.6):
        band(0.25, 0.4, (246, 246, 244))


def draw_clutter(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A tree, bush, lamp, bollard, bin or board: no class, but an object's size and colour."""
    figure = Figure(canvas, camera, pose)
    kind = draws.weighted((4, 3, 3, 2, 2, 1))
    canvas.hand_over(_PLANT if kind < 2 else _FURNITURE)
    (_tree, _bush, _lamp, _bollard, _bin, _board)[kind](figure, draws)


def _pole(figure: Figure, height: float) -> None:
    """The pole belongs to no object: a box around it would be mostly street."""
    canvas = figure.canvas
    owner = canvas.owner
    canvas.hand_over(_FURNITURE)
    figure.limb([(0, 0), (0, height)], POLE, 0.11)
    canvas.hand_over(owner)


def _tree(figure: Figure, draws: Draws) -> None:
    tall, leaf = draws.between(3.5, 6.5), draws.one_of(LEAVES)
    figure.limb([(0, 0), (0, tall * 0.6)], (86, 66, 48), 0.28)
    for _ in range(7):
        light = draws.between(0.75, 1.2)
        figure.disc(draws.between(-1.0, 1.0), tall * draws.between(0.55, 0.95),
                    draws.between(0.6, 1.1), shade(leaf, light))  # fmt: skip


def _bush(figure: Figure, draws: Draws) -> None:
    leaf = draws.one_of(LEAVES)
    for _ in range(5):
        figure.disc(draws.between(-0.6, 0.6), draws.between(0.25, 0.6), draws.between(0.25, 0.5),
                    shade(leaf, draws.between(0.75, 1.15)))  # fmt: skip


def _lamp(figure: Figure, draws: Draws) -> None:
    tall, reach = draws.between(4.5, 6.5), draws.one_of((-1.2, 1.2))
    figure.limb([(0, 0), (0, tall), (reach, tall + 0.15)], POLE, 0.12)
    figure.limb([(reach * 0.7, tall + 0.1), (reach * 1.1, tall + 0.15)], (214, 214, 200), 0.16)


def _bollard(figure: Figure, draws: Draws) -> None:
    colour = draws.one_of(((200, 60, 40), (60, 62, 66), (220, 216, 206)))
    figure.limb([(0, 0), (0, 0.8)], colour, 0.16)
    figure.limb([(0, 0.55), (0, 0.68)], (240, 240, 236), 0.16)


def _bin(figure: Figure, draws: Draws) -> None:
    colour = draws.one_of(((52, 82, 58), (58, 62, 68), (120, 40, 36), (36, 66, 120)))
    figure.area([(-0.3, 0.02), (0.3, 0.02), (0.34, 1.0), (-0.34, 1.0)], colour)
    figure.area([(-0.38, 1.0), (0.38, 1.0), (0.34, 1.12), (-0.34, 1.12)], shade(colour, 0.7))


def _board(figure: Figure, draws: Draws) -> None:
    """An advertising column with a round or striped picture, as a sign or a cone might have."""
    colour = draws.one_of(((230, 226, 214), (200, 60, 50), (50, 90, 160)))
    figure.area([(-0.6, 0.3), (0.6, 0.3), (0.6, 2.4), (-0.6, 2.4)], (70, 72, 76))
    figure.area([(-0.52, 0.4), (0.52, 0.4), (0.52, 2.3), (-0.52, 2.3)], colour)
    figure.disc(0, 1.5, 0.34, shade(colour, 0.6))


def _corners(count: int, radius: float, height: float, turn: float) -> list[tuple[float, float]]:
    turns = [cos_sin(turn + 2 * pi * k / count) for k in range(count)]
    return [(radius * c, height + radius * s) for c, s in turns]
