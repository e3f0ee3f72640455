"""From a seed to a picture of a street, a map of its pixels and its objects' boxes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from quantlab.scenes.average import averaged
from quantlab.scenes.backdrop import Street, draw_backdrop
from quantlab.scenes.camera import Camera
from quantlab.scenes.canvas import SUPERSAMPLING, Canvas, shade
from quantlab.scenes.classes import CLASS_NAMES, CLASSES, RARE_CLASS, SEGMENTS
from quantlab.scenes.draws import Draws
from quantlab.scenes.furniture import draw_clutter, draw_cone, draw_sign, draw_traffic_light
from quantlab.scenes.labels import Box, Drawn, box_of, can_be_labelled
from quantlab.scenes.layout import Layout, Thing, lay_out
from quantlab.scenes.people import draw_dog, draw_person
from quantlab.scenes.pose import Pose
from quantlab.scenes.surface import Shadow, texture
from quantlab.scenes.two_wheelers import draw_bicycle, draw_motorcycle
from quantlab.scenes.vehicles import draw_bus, draw_car, draw_truck
from quantlab.scenes.weather import WEATHERS, Weather, apply_weather, glow

#: Owners from here on are objects; below are the numbers of SEGMENTS.
FIRST_OBJECT = 32
#: The smallest picture that can hold a labelled object in a street.
SMALLEST_PICTURE = 32

_DRAWERS: dict[str, Callable[[Canvas, Camera, Pose, Draws], None]] = {
    "car": draw_car,
    "person": draw_person,
    "traffic light": draw_traffic_light,
    "sign": draw_sign,
    "bicycle": draw_bicycle,
    "truck": draw_truck,
    "cone": draw_cone,
    "bus": draw_bus,
    "motorcycle": draw_motorcycle,
    "dog": draw_dog,
    "clutter": draw_clutter,
}
# Metres around its middle within which all of a thing is drawn, and half a metre more for edges.
_ROOM = {
    "car": 3.5, "person": 1.7, "traffic light": 1.2, "sign": 1.2, "bicycle": 2.0, "truck": 5.6,
    "cone": 1.0, "bus": 7.0, "motorcycle": 2.1, "dog": 1.9, "clutter": 3.0,
}  # fmt: skip
# Half the width of a thing's shadow, in metres.
_REACH = {"car": 2.3, "truck": 3.2, "bus": 5.0, "bicycle": 0.8, "motorcycle": 0.9}
_WITH_LAMPS = ("car", "truck", "bus", "motorcycle")
_HEADLIGHT, _REAR_LIGHT = (255, 240, 200), (230, 40, 36)


@dataclass(frozen=True)
class Scene:
    """A drawn street.

    Attributes
    ----------
    image : uint8 array (height, width, 3), RGB
    mask : uint8 array (height, width), numbers of SEGMENTS
    boxes : tuple of Box
    slices : frozenset of str
        The condition, "small" or "crowded", and "rare class" where one is labelled.
    """

    image: np.ndarray
    mask: np.ndarray
    boxes: tuple[Box, ...]
    slices: frozenset[str]


def render(seed: int, width: int = 320, height: int = 320) -> Scene:
    """The street of a seed; the same bytes wherever it is drawn.

    Parameters
    ----------
    seed : int
        0 or more.
    width, height : int
        Pixels, 32 or more.

    Raises
    ------
    ValueError
        A size too small to show anything, or a negative seed.
    """
    if min(width, height) < SMALLEST_PICTURE or seed < 0:
        raise ValueError(
            f"seed is {seed} and the size {width} x {height}, but a scene needs a seed of 0 or "
            f"more and at least {SMALLEST_PICTURE} x {SMALLEST_PICTURE} pixels."
        )
    return draw(lay_out(seed, width, height))


def draw(layout: Layout) -> Scene:
    """The scene of a layout, at the size of its camera's picture."""
    weather = WEATHERS[layout.condition]
    draws = Draws(layout.weather_seed)
    canvas = Canvas(
        layout.camera.width, layout.camera.height, shade(weather.light, draws.between(0.8, 1.0))
    )
    objects = _draw(canvas, layout, weather)
    owners = canvas.owners().copy()
    shadows = [_shadow(layout.camera, thing, weather) for thing in layout.things]
    picture = averaged(canvas.pixels, texture(owners, shadows, weather.noise, draws))
    if weather.lamps:
        _lamps(picture, layout, owners)
    picture = apply_weather(picture, weather, draws)
    boxes = tuple(box for drawn in objects if (box := box_of(drawn, owners)))
    mask = bytearray(owners).translate(_segments(layout))
    return Scene(
        np.array(picture),
        np.frombuffer(mask, np.uint8).reshape(owners.shape),
        boxes,
        _slices(layout, boxes),
    )


def _draw(canvas: Canvas, layout: Layout, weather: Weather) -> list[Drawn]:
    """The whole street, back to front; the objects as they were before others covered them."""
    street = Street(layout.half_road, layout.pavement, weather)
    camera = layout.camera.enlarged(SUPERSAMPLING)
    draw_backdrop(canvas, camera, street, Draws(layout.backdrop_seed))
    objects = []
    for owner, thing in enumerate(layout.things, FIRST_OBJECT):
        if camera.passes_by(thing.pose.x, thing.pose.z, _ROOM[thing.name]):
            continue
        canvas.begin(owner, street.fade(thing.pose.z))
        _DRAWERS[thing.name](canvas, camera, thing.pose, Draws(thing.seed))
        if thing.kind is None or (extent := canvas.extent()) is None:
            continue
        if can_be_labelled(extent, canvas.width, canvas.height):
            objects.append(Drawn(owner, thing.kind, extent, canvas.seen_pixels(extent)))
    return objects


def _shadow(camera: Camera, thing: Thing, weather: Weather) -> Shadow:
    reach = _REACH.get(thing.name, 0.4)
    u, v = camera.project(thing.pose.x + 0.25 * reach, 0, thing.pose.z)
    scale = camera.pixels_per_metre(thing.pose.z)
    flat = camera.eye / thing.pose.z
    return Shadow(u, v, reach * scale, max(0.5, reach * 0.6 * scale * flat), weather.shadow)


def _lamps(picture: Image.Image, layout: Layout, owners: np.ndarray) -> None:
    """Glow where a vehicle's lamps are seen."""
    height, width = owners.shape
    for owner, thing in enumerate(layout.things, FIRST_OBJECT):
        if thing.name not in _WITH_LAMPS:
            continue
        towards = thing.pose.turn[1] < 0
        for across in (-0.7, 0.7):
            x, z = thing.pose.world(2.0 if towards else -2.0, across)
            u, v = layout.camera.project(x, 0.65, max(z, 0.5))
            if 0 <= u < width and 0 <= v < height and owners[int(v), int(u)] == owner:
                size = layout.camera.pixels_per_metre(z) * (0.9 if towards else 0.5)
                glow(picture, u, v, size, _HEADLIGHT if towards else _REAR_LIGHT)


def _segments(layout: Layout) -> bytearray:
    """A table from owner to segment."""
    table = bytearray(range(len(SEGMENTS))).ljust(256, b"\0")
    for owner, thing in enumerate(layout.things, FIRST_OBJECT):
        if thing.kind is not None:
            table[owner] = SEGMENTS.index(CLASSES[thing.kind].segment)
    return table


def _slices(layout: Layout, boxes: tuple[Box, ...]) -> frozenset[str]:
    found = {layout.condition}
    if layout.density:
        found.add(layout.density)
    if any(CLASS_NAMES[box.label] == RARE_CLASS for box in boxes):
        found.add("rare class")
    return frozenset(found)
