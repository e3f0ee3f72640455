"""Light and weather: what lies between the street and the sensor."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from quantlab.scenes.canvas import Colour
from quantlab.scenes.draws import Draws
from quantlab.scenes.surface import SHIFTS, noise

CONDITIONS = ("day", "dusk", "night", "rain", "fog", "glare")
#: What the sun in the lens adds everywhere.
FLARE: Colour = (46, 42, 34)


@dataclass(frozen=True)
class Weather:
    """One condition as numbers: sky colours, what the light is multiplied by, haze, grain."""

    name: str
    sky_top: Colour
    sky_low: Colour
    light: Colour  # 255 leaves a channel as it is
    haze: Colour
    haze_per_metre: float
    lit_windows: float
    shadow: float
    lamps: bool
    noise: int  # grey values that the sensor is off by


WEATHERS = {
    w.name: w
    for w in (
        Weather("day", (96, 146, 206), (206, 222, 236), (255, 252, 246), (206, 216, 226), 0.0035,
                0.03, 0.32, False, 8),
        Weather("dusk", (66, 70, 118), (236, 160, 104), (190, 150, 136), (214, 156, 124), 0.006,
                0.35, 0.18, True, 12),
        Weather("night", (14, 18, 40), (44, 48, 74), (100, 106, 136), (52, 56, 80), 0.008,
                0.4, 0.12, True, 18),
        Weather("rain", (112, 120, 130), (160, 166, 172), (176, 184, 194), (150, 158, 166), 0.016,
                0.2, 0.12, True, 14),
        Weather("fog", (190, 194, 198), (206, 208, 210), (236, 238, 240), (204, 207, 210), 0.07,
                0.15, 0.12, False, 9),
        Weather("glare", (176, 190, 206), (252, 238, 206), (226, 214, 196), (240, 226, 200), 0.009,
                0.02, 0.4, False, 9),
    )
}  # fmt: skip


def glow(picture: Image.Image, u: float, v: float, radius: float, colour: Colour) -> None:
    """Add a soft round light around (u, v), in pixels of the picture."""
    side = max(2, int(2 * radius))
    left, top = int(u - side / 2), int(v - side / 2)
    light = _light(colour).resize((side, side), Image.Resampling.NEAREST)
    area = (left, top, left + side, top + side)
    picture.paste(ImageChops.add(picture.crop(area), light), (left, top))


@cache
def _light(colour: Colour) -> Image.Image:
    soft = ImageChops.invert(Image.radial_gradient("L")).point(SOFT)
    return Image.merge("RGB", [soft.point([c * i // 255 for i in range(256)]) for c in colour])


# The gradient is 255 in the middle and 74 at the edge of its circle (corners reach 0).
SOFT = [0 if i < 75 else ((i - 75) * (i - 75)) // (180 * 180 // 255) for i in range(256)]


def apply_weather(picture: Image.Image, weather: Weather, draws: Draws) -> Image.Image:
    """Rain, sun and sensor noise over the finished picture."""
    width, height = picture.size
    if weather.name == "rain":
        _rain(picture, draws)
    if weather.name == "glare":
        u, v = draws.between(0.1, 0.9) * width, draws.between(0.12, 0.4) * height
        glow(picture, u, v, draws.between(0.55, 0.85) * width, (255, 236, 190))
        picture = ImageChops.screen(picture, Image.new("RGB", picture.size, FLARE))
    if not weather.lamps:
        return picture  # too light for the sensor's floor to show
    u, v = draws.whole(0, SHIFTS), draws.whole(0, SHIFTS)
    sensor = _sensor(width, height, weather.noise).crop((u, v, u + width, v + height))
    return ImageChops.lighter(picture, sensor)


@lru_cache(maxsize=12)
def _sensor(width: int, height: int, span: int) -> Image.Image:
    """What a sensor reads in the dark: colours up to `span`."""
    grey = noise(height + SHIFTS, 3 * (width + SHIFTS), span)
    values = np.asarray(grey).reshape(height + SHIFTS, width + SHIFTS, 3)
    return Image.fromarray(values)


def _rain(picture: Image.Image, draws: Draws) -> None:
    pen = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    slant = draws.between(-0.25, 0.25)
    for _ in range(int(draws.whole(70, 150) * width / 320)):
        u, v = draws.between(0, width), draws.between(-20, height)
        length = draws.between(0.02, 0.06) * height
        pen.line((u, v, u + slant * length, v + length), (214, 220, 228, 90))
