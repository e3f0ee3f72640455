"""People and dogs: upright figures that face any way, drawn flat at their distance."""

from quantlab.scenes.camera import Camera, Point
from quantlab.scenes.canvas import SUPERSAMPLING, Canvas, Colour, shade
from quantlab.scenes.draws import Draws
from quantlab.scenes.pose import Pose

SKIN: tuple[Colour, ...] = ((236, 198, 168), (204, 152, 116), (150, 102, 72), (92, 62, 46))
CLOTHES: tuple[Colour, ...] = (
    (190, 44, 48), (40, 74, 150), (54, 60, 66), (232, 232, 228), (226, 176, 52), (62, 120, 74),
    (128, 74, 130), (96, 78, 60), (88, 150, 180), (226, 120, 150),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = ((36, 40, 56), (70, 74, 82), (104, 92, 72), (52, 66, 104))
HAIR: tuple[Colour, ...] = ((30, 24, 20), (84, 56, 34), (180, 150, 96), (120, 120, 120))
COATS: tuple[Colour, ...] = ((120, 78, 44), (40, 34, 30), (214, 190, 150), (232, 228, 220))


class Figure:
    """Draws in metres around a foot point: `across` to the right, `height` up."""

    def __init__(self, canvas: Canvas, camera: Camera, pose: Pose) -> None:
        self.canvas = canvas
        self.u, self.v = camera.project(pose.x, 0, pose.z)
        self.scale = camera.pixels_per_metre(pose.z)
        #: Whether details of a hand's size are seen at all.
        self.is_large = self.scale > 9 * SUPERSAMPLING

    def at(self, across: float, height: float) -> Point:
        """Column and row of a place on the figure."""
        return self.u + self.scale * across, self.v - self.scale * height

    def limb(self, joints: list[Point], colour: Colour, width: float) -> None:
        """A stroke through (across, height) points, `width` metres thick."""
        self.canvas.line([self.at(*joint) for joint in joints], colour, width * self.scale)

    def disc(self, across: float, height: float, radius: float, colour: Colour) -> None:
        """A disc, radius in metres."""
        u, v = self.at(across, height)
        r = radius * self.scale
        self.canvas.ellipse(u, v, r, r, colour)

    def area(self, corners: list[Point], colour: Colour) -> None:
        """A filled outline of (across, height) points."""
        self.canvas.polygon([self.at(*corner) for corner in corners], colour)


def draw_person(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """Somebody standing or walking, 1.1 to 1.95 m tall."""
    child = draws.chance(0.15)
    tall = draws.between(1.1, 1.35) if child else draws.between(1.55, 1.95)
    stride = draws.between(-0.28, 0.28) * tall / 1.75
    top, legs = draws.one_of(CLOTHES), draws.one_of(TROUSERS)
    skin, hair = draws.one_of(SKIN), draws.one_of(HAIR)
    figure = Figure(canvas, camera, pose)
    hip, shoulder, head = 0.48 * tall, 0.81 * tall, 0.92 * tall
    broad = draws.between(0.17, 0.23) * tall / 1.75
    for side, reach in ((-1, -stride), (1, stride)):
        foot = (side * 0.06 + reach, 0.05)
        figure.limb([(side * 0.08, hip), (side * 0.08 + reach * 0.55, hip / 2), foot],
                    shade(legs, 1.0 if side > 0 else 0.8), 0.15)  # fmt: skip
        if figure.is_large:
            figure.limb([foot, (foot[0] + 0.1, 0.03)], (30, 28, 28), 0.08)
    swing = -stride * 0.8
    far = (-broad - 0.02, shoulder - 0.05)
    figure.limb([far, (far[0] + swing * 0.5, shoulder - 0.3), (far[0] + swing, hip)],
                shade(top, 0.75), 0.1)  # fmt: skip
    skirt = 0.06 if draws.chance(0.3) else -0.03
    figure.area([(-broad, shoulder), (broad, shoulder), (broad * 0.8 + skirt, hip - skirt * 2),
                 (-broad * 0.8 - skirt, hip - skirt * 2)], top)  # fmt: skip
    figure.limb([(broad, shoulder - 0.05), (broad - swing * 0.5, shoulder - 0.3),
                 (broad - swing, hip)], shade(top, 0.9), 0.1)  # fmt: skip
    if figure.is_large:
        figure.disc(broad - swing, hip - 0.02, 0.05, skin)
        figure.limb([(0, shoulder - 0.02), (0, head - 0.06)], skin, 0.1)
    figure.disc(0, head + 0.03, 0.115, hair)
    figure.disc(draws.between(-0.02, 0.02), head, 0.1, skin)
    if draws.chance(0.25):
        bag = draws.one_of(CLOTHES)
        figure.area([(-broad - 0.12, hip + 0.1), (-broad, hip + 0.1), (-broad, hip + 0.42),
                     (-broad - 0.12, hip + 0.42)], shade(bag, 0.8))  # fmt: skip


def draw_dog(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A dog of 0.6 to 1.0 m, seen from the side."""
    coat = draws.one_of(COATS)
    ahead = draws.one_of((-1, 1))
    size = draws.between(0.75, 1.15)
    step = draws.between(0.02, 0.1)
    figure = Figure(canvas, camera, pose)

    def place(along: float, height: float) -> Point:
        return ahead * along * size, height * size

    for along, reach, light in (
        (-0.28, step, 0.7),
        (0.28, -step, 0.7),
        (-0.3, -step, 1),
        (0.3, step, 1),
    ):
        figure.limb(
            [place(along, 0.36), place(along + reach, 0.02)], shade(coat, light), 0.08 * size
        )
    figure.area([place(-0.36, 0.34), place(0.36, 0.3), place(0.4, 0.54), place(-0.36, 0.54)], coat)
    figure.limb([place(0.32, 0.48), place(0.46, 0.66)], coat, 0.16 * size)
    figure.disc(*place(0.5, 0.68), 0.12 * size, coat)
    figure.area([place(0.54, 0.6), place(0.74, 0.6), place(0.7, 0.7), place(0.54, 0.74)], coat)
    figure.disc(*place(0.73, 0.66), 0.03 * size, (20, 20, 20))
    figure.area([place(0.42, 0.76), place(0.52, 0.74), place(0.46, 0.6)], shade(coat, 0.6))
    wag = 0.3 + 2 * step
    figure.limb([place(-0.34, 0.5), place(-0.52, 0.5 + wag)], coat, 0.05 * size)
