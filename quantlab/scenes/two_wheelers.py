"""Bicycles and motorcycles with their riders, foreshortened by the way they head."""

from quantlab.scenes.camera import Camera, Point
from quantlab.scenes.canvas import Canvas, Colour, shade
from quantlab.scenes.draws import Draws
from quantlab.scenes.people import CLOTHES, SKIN, TROUSERS, Figure
from quantlab.scenes.pose import Pose
from quantlab.scenes.turns import CIRCLE

TYRE: Colour = (26, 26, 28)
#: What is left of a length when a two-wheeler heads straight to or from the camera.
NARROWEST = 0.16


class _Ride(Figure):
    """A figure whose lengths along the heading are foreshortened."""

    def __init__(self, canvas: Canvas, camera: Camera, pose: Pose) -> None:
        super().__init__(canvas, camera, pose)
        seen = pose.turn[0]
        self.along = seen if abs(seen) > NARROWEST else (NARROWEST if seen > 0 else -NARROWEST)

    def at(self, across: float, height: float) -> Point:
        return super().at(across * self.along, height)

    def wheel(self, along: float, radius: float, spokes: Colour | None, tread: float) -> None:
        """A wheel: a closed ring, or a disc where there are no spokes to look through."""
        rim = [(along + radius * c, radius + radius * s) for c, s in CIRCLE]
        if spokes is None:
            self.area(rim, TYRE)
            self.area([(along + 0.5 * radius * c, radius + 0.5 * radius * s) for c, s in CIRCLE],
                      (120, 122, 126))  # fmt: skip
            return
        for c, s in CIRCLE[::2] if self.is_large else ():
            self.limb([(along, radius), (along + radius * c, radius + radius * s)], spokes, 0.012)
        self.limb([*rim, rim[0]], TYRE, tread)


def draw_bicycle(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A bicycle of 1.7 m, most often with somebody on it."""
    frame, ride = draws.one_of(CLOTHES), _Ride(canvas, camera, pose)
    for along in (-0.52, 0.52):
        ride.wheel(along, 0.34, (120, 120, 120), 0.06)
    crank, seat, head = (-0.06, 0.32), (-0.2, 0.88), (0.38, 0.86)
    for joints in ([(-0.52, 0.34), crank, head, seat, crank], [(-0.52, 0.34), seat],
                   [(0.52, 0.34), head, (0.4, 1.02), (0.5, 1.06)]):  # fmt: skip
        ride.limb(list(joints), frame, 0.05)
    ride.limb([(-0.32, 0.94), (-0.1, 0.94)], TYRE, 0.07)
    if draws.chance(0.9):
        _rider(ride, draws, seat=(-0.2, 0.95), hands=(0.42, 1.06), foot=(0.02, 0.24), lean=0.16)


def draw_motorcycle(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A motorcycle of 2 m; the rider wears a helmet."""
    paint, ride = draws.one_of(CLOTHES), _Ride(canvas, camera, pose)
    for along in (-0.7, 0.7):
        ride.wheel(along, 0.31, None, 0.1)
    ride.area([(-0.5, 0.35), (0.3, 0.3), (0.42, 0.62), (0.1, 0.66), (-0.3, 0.6)], (64, 66, 70))
    ride.area([(-0.05, 0.66), (0.42, 0.62), (0.36, 0.9), (0.02, 0.86)], paint)
    ride.area([(-0.85, 0.72), (-0.05, 0.7), (-0.05, 0.84), (-0.8, 0.9)], (30, 30, 32))
    ride.limb([(0.7, 0.31), (0.42, 0.95), (0.3, 1.08)], (150, 152, 156), 0.07)
    ride.disc(0.5, 0.84, 0.1, (250, 244, 214))
    ride.limb([(-0.6, 0.3), (0.0, 0.28)], (170, 172, 176), 0.08)
    if draws.chance(0.85):
        _rider(ride, draws, seat=(-0.3, 0.92), hands=(0.3, 1.08), foot=(0.05, 0.32), lean=0.1,
               helmet=draws.one_of(CLOTHES))  # fmt: skip


def _rider(
    ride: _Ride, draws: Draws, *, seat: Point, hands: Point, foot: Point, lean: float,
    helmet: Colour | None = None,
) -> None:  # fmt: skip
    top, legs, skin = draws.one_of(CLOTHES), draws.one_of(TROUSERS), draws.one_of(SKIN)
    shoulder = (seat[0] + lean, seat[1] + 0.52)
    knee = (foot[0] + 0.2, (seat[1] + foot[1]) / 2 + 0.12)
    ride.limb([seat, knee, foot], legs, 0.16)
    ride.limb([seat, shoulder], top, 0.34)
    ride.limb([shoulder, (hands[0] - 0.2, hands[1] + 0.12), hands], shade(top, 0.85), 0.1)
    crown = (shoulder[0] + 0.04, shoulder[1] + 0.22)
    ride.disc(*crown, 0.14 if helmet else 0.12, helmet or skin)
    if helmet:
        ride.limb([(crown[0] + 0.02, crown[1]), (crown[0] + 0.13, crown[1])], (30, 34, 40), 0.1)
    else:
        ride.disc(crown[0] - 0.01, crown[1] + 0.06, 0.1, draws.one_of(CLOTHES))
