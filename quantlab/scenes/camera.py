"""Where a point of the street lands in the picture: a pinhole camera that looks straight ahead."""

from dataclasses import dataclass, replace
from math import sqrt

Point = tuple[float, float]
#: A point nearer than this is drawn at this distance: behind the lens nothing can be projected.
NEAREST = 0.3


@dataclass(frozen=True)
class Camera:
    """Looks along z, level. World in metres: x to the right, y up from the road, z away.

    Parameters
    ----------
    width, height : int
        Picture in pixels.
    eye : float
        Height of the lens above the road, metres.
    focal : float
        Focal length in picture widths: 1 sees 53 degrees.
    horizon, centre : float
        Row and column where the road ends, as shares of height and width.
    """

    width: int
    height: int
    eye: float
    focal: float
    horizon: float
    centre: float

    def project(self, x: float, y: float, z: float) -> Point:
        """Column and row of a point, in pixels; z above 0."""
        scale = self.focal * self.width / z
        return (
            self.centre * self.width + scale * x,
            self.horizon * self.height + scale * (self.eye - y),
        )

    def pixels_per_metre(self, z: float) -> float:
        """Pixels that one metre across takes at a distance of z metres."""
        return self.focal * self.width / z

    def passes_by(self, x: float, z: float, radius: float) -> bool:
        """Whether a thing within `radius` metres of (x, z) lies outside to the left or right."""
        for side, share in ((x, 1 - self.centre), (-x, self.centre)):
            slope = share / self.focal  # of the line that the picture's edge is seen along
            # As far from the line as the thing reaches, also where it is drawn at NEAREST.
            beyond = side - slope * z > radius * sqrt(1 + slope * slope)
            if beyond and side - radius > slope * NEAREST:
                return True
        return False

    def enlarged(self, factor: int) -> "Camera":
        """The same view in a picture of `factor` times the width and height."""
        return replace(self, width=factor * self.width, height=factor * self.height)

    def nearest(self) -> float:
        """The distance at which the road leaves the picture at the bottom."""
        below = max(1 - self.horizon, 0.05)  # a lens that looks up sees no road at all
        return self.focal * self.width * self.eye / (self.height * below)

    def half_view(self, z: float) -> float:
        """Metres from the centre to the nearer edge of the picture, at a distance of z metres."""
        return min(self.centre, 1 - self.centre) * z / self.focal
