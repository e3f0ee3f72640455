"""Which objects are labelled, and the boxes around what is seen of them."""

from dataclasses import dataclass

import numpy as np

from quantlab.scenes.canvas import Extent, within

#: Pixels: an object is labelled from this scale (square root of its box's area) and side on.
SMALLEST_SCALE, SMALLEST_SIDE = 8.0, 4
#: Of an object's whole box so much must lie in the picture, and of its pixels so many be seen.
LEAST_INSIDE, LEAST_SEEN = 0.15, 0.35


@dataclass(frozen=True)
class Box:
    """A visible object: class number, and left, top, width, height in pixels."""

    label: int
    left: float
    top: float
    width: float
    height: float

    @property
    def scale(self) -> float:
        """Square root of the area, in pixels."""
        return (self.width * self.height) ** 0.5


@dataclass(frozen=True)
class Drawn:
    """An object just drawn: number, class, extent, and how many pixels it has uncovered."""

    owner: int
    label: int
    extent: Extent
    pixels: int


def box_of(drawn: Drawn, owners: np.ndarray) -> Box | None:
    """The tight box around an object's visible pixels; None where it is not labelled.

    Left out is what a person could not tell either: a scale under 8 pixels or a side under 4, less
    than 15 % of the object's box inside the picture, or less than 35 % of its pixels in sight.
    """
    height, width = owners.shape
    u, v, end_u, end_v = within(drawn.extent, width, height)
    mine = owners[v:end_v, u:end_u] == drawn.owner
    seen = int(np.count_nonzero(mine))
    if seen == 0 or seen < LEAST_SEEN * drawn.pixels:
        return None
    rows, columns = mine.any(axis=1).nonzero()[0], mine.any(axis=0).nonzero()[0]
    wide, tall = int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1
    if min(wide, tall) < SMALLEST_SIDE or wide * tall < SMALLEST_SCALE**2:
        return None
    return Box(drawn.label, float(u + columns[0]), float(v + rows[0]), float(wide), float(tall))


def can_be_labelled(extent: Extent, width: int, height: int) -> bool:
    """Whether an object's whole box is large enough, and enough of it in the picture."""
    left, top, right, bottom = extent
    area = (right - left) * (bottom - top)
    inside = (min(right, width) - max(left, 0)) * (min(bottom, height) - max(top, 0))
    seen = left < width and right > 0 and top < height and bottom > 0
    return seen and area >= SMALLEST_SCALE**2 and inside >= LEAST_INSIDE * area
