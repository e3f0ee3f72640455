"""A body with a profile, such as a car: its outline seen from the side, extruded to a width."""

from collections.abc import Sequence
from math import sqrt

from quantlab.scenes.camera import NEAREST, Camera, Point
from quantlab.scenes.canvas import SUPERSAMPLING, Canvas, Colour, shade
from quantlab.scenes.pose import Pose
from quantlab.scenes.turns import CIRCLE

SIDE_LIGHT, TOP_LIGHT, END_LIGHT = 0.85, 1.12, 0.7
TYRE: Colour = (22, 22, 24)


class Solid:
    """Draws one body's faces, the far ones first. Places are (along, height, across) in metres."""

    def __init__(self, canvas: Canvas, camera: Camera, pose: Pose, width: float) -> None:
        self.canvas, self.half = canvas, width / 2
        self._x, self._z = pose.x, pose.z
        self._cos, self._sin = pose.turn
        self._u, self._v = camera.centre * camera.width, camera.horizon * camera.height
        self._focal, self._eye = camera.focal * camera.width, camera.eye
        # The left side's normal is (-sin, cos) in (x, z); it is seen when it points to the camera.
        left = -self._sin * pose.x + self._cos * pose.z
        #: `across` of the side that is seen: half the width, to the left or to the right.
        self.near_side = -self.half if left > 0 else self.half
        #: Whether that side is more than an edge-on line.
        self.side_is_seen = abs(left) > self.half
        #: Whether details of a hand's size are seen at all.
        self.is_large = self._focal > 9 * SUPERSAMPLING * pose.z

    def at(self, along: float, height: float, across: float) -> Point:
        """Column and row of a place on the body: `Camera.project`, written out for speed."""
        z = self._z + along * self._sin + across * self._cos
        scale = self._focal / (z if z > NEAREST else NEAREST)
        return (
            self._u + scale * (self._x + along * self._cos - across * self._sin),
            self._v + scale * (self._eye - height),
        )

    def extrude(self, profile: Sequence[Point], colours: Sequence[Colour]) -> None:
        """The body of a profile (along, height), counter-clockwise, one colour an edge."""
        near = self.near_side
        sides = [(self.at(a, y, -near), self.at(a, y, near)) for a, y in profile]
        faces = []
        for k, (a0, y0) in enumerate(profile):
            after = k + 1 if k + 1 < len(profile) else 0
            a1, y1 = profile[after]
            distance = self._distance_if_seen(a0, y0, a1, y1)
            if distance is not None:
                corners = (*sides[k], sides[after][1], sides[after][0])
                faces.append((-distance, k, corners, shade(colours[k], _light(a1 - a0, y1 - y0))))
        for _, _, corners, colour in sorted(faces):
            self.canvas.polygon(corners, colour)
        if self.side_is_seen:
            self.canvas.polygon([pair[1] for pair in sides], shade(colours[-1], SIDE_LIGHT))

    def panel(self, outline: Sequence[Point], colour: Colour) -> None:
        """An area (along, height) on the side that is seen."""
        self.canvas.detail([self.at(a, y, self.near_side) for a, y in outline], colour)

    def far_wheels(self, places: Sequence[float], radius: float) -> None:
        """The wheels at `along` that the body will cover, but for their lower part."""
        if not self.is_large:
            return
        sides = (-0.92 * self.near_side,) if self.side_is_seen else (-self.half, self.half)
        for across in sides:
            for along in places:
                self._tyre(along, radius, across)

    def near_wheels(self, places: Sequence[float], radius: float, hub: Colour) -> None:
        """The wheels at `along` on the side that is seen."""
        if self.side_is_seen:
            for along in places:
                self._tyre(along, radius, self.near_side)
                if self.is_large:
                    self.canvas.detail(self._rim(along, radius, 0.55, self.near_side), hub)

    def on_end(
        self, along: float, low: float, high: float, left: float, right: float, colour: Colour
    ) -> None:
        """A rectangle on the front (along above 0) or the rear, if that end is seen."""
        ahead = self._cos * self._x + self._sin * self._z
        if (ahead + along < 0) == (along > 0):
            corners = ((low, left), (low, right), (high, right), (high, left))
            self.canvas.detail([self.at(along, y, b) for y, b in corners], colour)

    def _tyre(self, along: float, radius: float, across: float) -> None:
        """As wide as 0.22 of half the body; far away it is a dark spot."""
        if radius * self._focal < 3.0 * SUPERSAMPLING * self._z:
            u, v = self.at(along, radius, across)
            size = radius * self._focal / self._z
            self.canvas.ellipse(u, v, size, size, TYRE)
            return
        outer = self._rim(along, radius, 1, across)
        inner = self._rim(along, radius, 1, 0.78 * across)
        self.canvas.polygon(outer, TYRE)
        if abs(inner[0][0] - outer[0][0]) > SUPERSAMPLING:  # else its tread is not seen
            self.canvas.polygon((inner[3], outer[3], outer[9], inner[9]), TYRE)
            self.canvas.polygon(inner, TYRE)

    def _rim(self, along: float, radius: float, share: float, across: float) -> list[Point]:
        """A circle around a hub, as an ellipse: at a wheel's size perspective is not seen."""
        u0, v0 = self.at(along - share * radius, radius, across)
        u1, v1 = self.at(along + share * radius, radius, across)
        u, v, du, dv = (u0 + u1) / 2, (v0 + v1) / 2, (u1 - u0) / 2, (v1 - v0) / 2
        up = v - self.at(along, (1 + share) * radius, across)[1]
        return [(u + c * du, v + c * dv - s * up) for c, s in CIRCLE]

    def _distance_if_seen(self, a0: float, y0: float, a1: float, y1: float) -> float | None:
        """Square of the distance to an edge's middle; None for a face turned away."""
        ahead, up = y1 - y0, a0 - a1  # the outward normal of a counter-clockwise outline
        middle = (a0 + a1) / 2
        x, z = self._x + middle * self._cos, self._z + middle * self._sin
        height = (y0 + y1) / 2 - self._eye
        if ahead * (self._cos * x + self._sin * z) + up * height >= 0:
            return None
        return x * x + z * z


def _light(along: float, rise: float) -> float:
    flat = abs(along) / (sqrt(along * along + rise * rise) or 1)
    return END_LIGHT + (TOP_LIGHT - END_LIGHT) * flat
