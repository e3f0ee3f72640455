"""Where a thing stands on the street and which way it heads."""

from dataclasses import dataclass
from functools import cached_property

from quantlab.scenes.turns import cos_sin


@dataclass(frozen=True)
class Pose:
    """The middle (x, z) in metres and the heading in radians.

    Heading 0 drives to the right, pi / 2 away from the camera, -pi / 2 towards it.
    """

    x: float
    z: float
    heading: float

    @cached_property
    def turn(self) -> tuple[float, float]:
        """Cosine and sine of the heading."""
        return cos_sin(self.heading)

    def world(self, along: float, across: float) -> tuple[float, float]:
        """(x, z) of a point `along` metres ahead of the middle and `across` to its left."""
        c, s = self.turn
        return self.x + along * c - across * s, self.z + along * s + across * c
