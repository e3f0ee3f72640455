"""What a street is drawn on: a colour picture at twice the size that knows who covers what."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np
from PIL import Image, ImageDraw

from quantlab.scenes.camera import Point

Colour = tuple[int, int, int]
#: Left, top, right, bottom in final pixels.
Extent = tuple[float, float, float, float]
#: Side of a drawn pixel in the final picture is 1 / SUPERSAMPLING: edges are averaged, not stepped;
#: by `quantlab.scenes.average`, which is written for 2.
SUPERSAMPLING = 2
NO_HAZE: tuple[Colour, float] = ((0, 0, 0), 0.0)


def shade(colour: Colour, light: float) -> Colour:
    """A colour made darker (below 1) or lighter (above 1)."""
    r, g, b = colour
    if light <= 1:
        return int(r * light), int(g * light), int(b * light)
    return min(255, int(r * light)), min(255, int(g * light)), min(255, int(b * light))


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """From a (share 0) to b (share 1)."""
    return (
        int(a[0] + (b[0] - a[0]) * share),
        int(a[1] + (b[1] - a[1]) * share),
        int(a[2] + (b[2] - a[2]) * share),
    )


class Canvas:
    """Draws in drawn pixels, SUPERSAMPLING to a side of a final one; `begin` says whose they are.

    The drawn picture has four bands: red, green, blue and the owner's number. One stroke writes
    colour and owner together; what is hidden is overwritten, so visible boxes and masks fall out.
    All colours are multiplied by the light (255 keeps a channel). Strokes go to the pen inside
    Pillow's ImageDraw, whose own methods cost more than the pixels.

    Parameters
    ----------
    width, height : int
        Of the finished picture, in final pixels.
    light : Colour
        What all colours are multiplied by, over 255.
    """

    def __init__(self, width: int, height: int, light: Colour = (255, 255, 255)) -> None:
        self.width, self.height = width, height
        # Nothing can be drawn before `rows`: one large picture is made, not two.
        self.pixels = np.zeros((1, 1, 4), np.uint8)
        self._pen = ImageDraw.Draw(Image.new("RGBX", (1, 1))).draw
        self._light = light
        self._corners: list[Point] = []
        self._inks: dict[Colour, int] = {}
        self.begin(0)

    def begin(self, owner: int, haze: tuple[Colour, float] = NO_HAZE) -> None:
        """From here on pixels belong to `owner`; colours fade into the haze's by its share."""
        self.owner, self._corners, self._inks = owner, [], {}
        # Haze, then light, as one line a channel: kept * colour + added.
        ((r, g, b), share), (x, y, z) = haze, self._light
        kept, added = (1 - share) / 255, share / 255
        self._kept = (kept * x, kept * y, kept * z)
        self._added = (added * r * x, added * g * y, added * b * z)

    def hand_over(self, owner: int) -> None:
        """As `begin`, in the same haze."""
        self.owner, self._corners, self._inks = owner, [], {}

    def rows(self, bands: Iterable[tuple[int, int]]) -> None:
        """Start the picture: bands from the top, each (final pixels high, ink)."""
        size = (SUPERSAMPLING * self.width, SUPERSAMPLING * self.height)
        self.pixels = np.empty((size[1], size[0], 4), np.uint8)  # every row is drawn below
        # RGBX, not RGBA: Pillow would weigh an RGBA picture's colours by the owner's number.
        picture = Image.frombuffer("RGBX", size, self.pixels, "raw", "RGBX", 0, 1)
        picture.readonly = 0  # the pen draws in numpy's memory, where owners are counted
        self._pen = ImageDraw.Draw(picture).draw
        whole = self.pixels.view(np.int32)
        top = 0
        for tall, ink in bands:
            end = top + SUPERSAMPLING * tall
            whole[top:end] = ink
            top = end

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled area."""
        self._corners += points
        self._pen.draw_polygon(points, self.ink(colour), 1)

    def detail(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled area inside what the owner has drawn, such as a window."""
        self._pen.draw_polygon(points, self.ink(colour), 1)

    def ellipse(self, u: float, v: float, ru: float, rv: float, colour: Colour) -> None:
        """A filled ellipse around (u, v)."""
        box = ((u - ru, v - rv), (u + ru, v + rv))
        self._corners += box
        self._pen.draw_ellipse(box, self.ink(colour), 1)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A stroke of `width`, at least one drawn pixel wide."""
        half, ink = width / 2, self.ink(colour)
        if half < 0.8:
            self._corners += points
            # Whole numbers: nothing is left to how Pillow rounds the ends of a line.
            self._pen.draw_lines([(int(u), int(v)) for u, v in points], ink, 1)
            return
        for (u0, v0), (u1, v1) in pairwise(points):
            du, dv = u1 - u0, v1 - v0
            scale = half / (sqrt(du * du + dv * dv) or 1.0)
            a, b = -dv * scale, du * scale
            area = ((u0 + a, v0 + b), (u1 + a, v1 + b), (u1 - a, v1 - b), (u0 - a, v0 - b))
            self._corners += area
            self._pen.draw_polygon(area, ink, 1)

    def extent(self) -> Extent | None:
        """The box around all strokes since `begin`, also outside the picture; None without any."""
        if not self._corners:
            return None
        us, vs = zip(*self._corners, strict=True)
        k = SUPERSAMPLING
        return min(us) / k, min(vs) / k, max(us) / k, max(vs) / k

    def seen_pixels(self, extent: Extent) -> int:
        """How many final pixels of an extent the owner has now, before anything covers it."""
        left, top, right, bottom = within(extent, self.width, self.height)
        if left >= right or top >= bottom:
            return 0
        return int(np.count_nonzero(self.owners()[top:bottom, left:right] == self.owner))

    def owners(self) -> np.ndarray:
        """The owner of each final pixel, that of its last drawn one: a view, uint8."""
        last = slice(SUPERSAMPLING - 1, None, SUPERSAMPLING)
        return self.pixels[last, last, 3]

    def ink(self, colour: Colour) -> int:
        """The colour in the haze and the light with the owner's number, as the pen takes it."""
        ink = self._inks.get(colour)
        if ink is None:
            (r, g, b), (x, y, z), (p, q, s) = colour, self._kept, self._added
            lit = (int(r * x + p), int(g * y + q), int(b * z + s), self.owner)
            ink = self._inks[colour] = self._pen.draw_ink(lit)
        return ink


def within(extent: Extent, width: int, height: int) -> tuple[int, int, int, int]:
    """The whole pixels of a picture that an extent touches; rounding leaves one more a side."""
    left, top, right, bottom = extent
    return (max(0, int(left) - 1), max(0, int(top) - 1),
            min(width, int(right) + 2), min(height, int(bottom) + 2))  # fmt: skip
