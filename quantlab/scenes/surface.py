"""What lies on the ground after everything is drawn: the grain of asphalt and the cast shadows."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from quantlab.scenes.canvas import SUPERSAMPLING
from quantlab.scenes.classes import SEGMENTS
from quantlab.scenes.draws import Draws

#: How many places the grain can start at, each way.
SHIFTS = 128
# Numbers without a gap.
_ON_THE_GROUND = [SEGMENTS.index(name) for name in ("road", "pavement", "plant")]


@dataclass(frozen=True)
class Shadow:
    """An ellipse around (u, v) in pixels; `dark` is the share of the light that it takes."""

    u: float
    v: float
    ru: float
    rv: float
    dark: float


def texture(owners: np.ndarray, shadows: list[Shadow], span: int, draws: Draws) -> np.ndarray:
    """What the light is multiplied by, over 255: grain and shadows where the ground is seen, sensor
    noise of up to `span` elsewhere. `owners` and what is returned: uint8 (height, width).
    """
    height, width = owners.shape
    u, v = draws.whole(0, SHIFTS), draws.whole(0, SHIFTS)
    part = (u, v, u + width, v + height)
    lit = _grain(width, height).crop(part)
    _cast(lit, shadows)
    ground, elsewhere = np.asarray(lit), np.asarray(_fine_grain(width, height, span).crop(part))
    # Differences and sums wrap around at 256, twice: what comes out is one or the other, exactly.
    first, last = _ON_THE_GROUND[0], _ON_THE_GROUND[-1]
    on_the_ground = ((owners >= first) & (owners <= last)).view(np.uint8)
    return elsewhere + on_the_ground * (ground - elsewhere)


def _cast(ground: Image.Image, shadows: list[Shadow]) -> None:
    """Darken the ground; a shadow over a shadow is no darker than the later one."""
    width, height = ground.size
    left, top, right, bottom = (
        min((int(s.u - s.ru) for s in shadows), default=0) - 1,
        min((int(s.v - s.rv) for s in shadows), default=0) - 1,
        max((int(s.u + s.ru) for s in shadows), default=0) + 2,
        max((int(s.v + s.rv) for s in shadows), default=0) + 2,
    )
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        return
    k = SUPERSAMPLING
    cast = Image.new("L", (k * width, k * (bottom - top)), 255)
    pen = ImageDraw.Draw(cast).draw  # its own methods cost more than the pixels
    for s in shadows:
        v, reach = k * (s.v - top), k * s.rv
        box = (k * (s.u - s.ru), v - reach, k * (s.u + s.ru), v + reach)
        pen.draw_ellipse(box, pen.draw_ink(int(255 * (1 - s.dark))), 1)
    area = (left, top, right, bottom)
    shade = cast.reduce(k, (k * left, 0, k * right, k * (bottom - top)))
    ground.paste(ImageChops.multiply(ground.crop(area), shade), area)


@lru_cache(maxsize=4)
def _grain(width: int, height: int) -> Image.Image:
    """Noise from 231 to 255, drawn out sideways as it lies flat."""
    tall, wide = height + SHIFTS, (width + SHIFTS) // 3 + 1
    return noise(tall, wide, 24, base=231).resize((3 * wide, tall), Image.Resampling.NEAREST)


@lru_cache(maxsize=12)
def _fine_grain(width: int, height: int, span: int) -> Image.Image:
    return noise(height + SHIFTS, width + SHIFTS, 2 * span, base=255 - 2 * span)


def noise(height: int, width: int, span: int, base: int = 0) -> Image.Image:
    """Grey noise from base to base + span. numpy promises RandomState's numbers for ever."""
    values = np.random.RandomState(7).randint(0, span + 1, (height, width), dtype=np.uint8)
    return Image.fromarray(values + np.uint8(base))
