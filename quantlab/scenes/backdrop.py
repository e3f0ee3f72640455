"""The street without its users: sky, houses, pavement, road and its markings."""

from dataclasses import dataclass

from quantlab.scenes.camera import Camera
from quantlab.scenes.canvas import SUPERSAMPLING, Canvas, Colour, mix, shade
from quantlab.scenes.classes import SEGMENTS
from quantlab.scenes.draws import Draws
from quantlab.scenes.furniture import LEAVES
from quantlab.scenes.weather import Weather

#: Metres: where the road ends, a storey, and the nearest piece of a wall that is drawn.
FAR, FLOOR, NEAREST_WALL = 160.0, 3.1, 1.0
LIT: Colour = (250, 214, 130)
WALLS: tuple[Colour, ...] = (
    (176, 152, 128), (198, 188, 172), (142, 100, 84), (120, 124, 130), (206, 170, 120),
    (160, 164, 158), (104, 88, 84), (186, 130, 104),
)  # fmt: skip
SKY, BUILDING, ROAD, PAVEMENT, PLANT = (
    SEGMENTS.index(name) for name in ("sky", "building", "road", "pavement", "plant")
)


@dataclass(frozen=True)
class Street:
    """The shape of a street in metres (half the road's width, the pavement's) and its weather."""

    half_road: float
    pavement: float
    weather: Weather

    def fade(self, z: float) -> tuple[Colour, float]:
        """The haze in front of something at a distance of z metres, as `Canvas.begin` takes it."""
        return self.weather.haze, min(0.93, 1 - 1 / (1 + self.weather.haze_per_metre * z))


def draw_backdrop(canvas: Canvas, camera: Camera, street: Street, draws: Draws) -> None:
    """Everything that does not move, back to front."""
    _ground(canvas, camera, street, draws)
    for side in (-1, 1):
        _row(canvas, camera, street, draws, side)


def _ground(canvas: Canvas, camera: Camera, street: Street, draws: Draws) -> None:
    """Sky, gardens or squares, pavement and road."""
    near, edge = camera.nearest() * 0.9, street.half_road
    outer = edge + street.pavement
    stone = draws.one_of(((150, 146, 140), (166, 158, 146), (132, 130, 128)))
    _sky_and_floor(canvas, camera, street, draws, shade(stone, 0.85))

    def strip(left: float, right: float, start: float, end: float, colour: Colour) -> None:
        (a, v0), (c, v1) = camera.project(left, 0, start), camera.project(left, 0, end)
        b = a + (right - left) * camera.pixels_per_metre(start)
        d = c + (right - left) * camera.pixels_per_metre(end)
        canvas.detail(((a, v0), (b, v0), (d, v1), (c, v1)), colour)

    canvas.begin(PAVEMENT)
    for side in (-1, 1):
        strip(side * edge, side * outer, near, FAR, stone)
        strip(side * edge, side * (edge + 0.2), near, FAR, shade(stone, 0.75))
    canvas.begin(ROAD)
    grey = draws.whole(78, 112)
    strip(-edge, edge, near, FAR, (grey, grey, grey + 4))
    paint = shade((226, 226, 220), draws.between(0.75, 1.0))
    for side in (-1, 1):
        strip(side * (edge - 0.25), side * (edge - 0.13), near, FAR, paint)
    gap = draws.between(5, 9)
    for k in range(9):
        start = near + k * gap
        strip(-0.07, 0.07, start, start + gap * 0.45, paint)
    if draws.chance(0.35):
        start = draws.between(9, 26)
        for k in range(int(edge / 0.5) - 1):
            left = -edge + 0.5 + k
            strip(left, left + 0.5, start, start + 3, paint)


def _sky_and_floor(
    canvas: Canvas, camera: Camera, street: Street, draws: Draws, stone: Colour
) -> None:
    horizon = min(max(round(camera.horizon * canvas.height), 0), canvas.height)
    top, low = street.weather.sky_top, street.weather.sky_low
    canvas.begin(SKY)
    # Two rows share a colour: the next would differ by less than a grey level.
    bands = [
        (min(2, horizon - row), canvas.ink(mix(top, low, row / horizon)))
        for row in range(0, horizon, 2)
    ]
    grass = draws.chance(0.3)
    canvas.begin(PLANT if grass else PAVEMENT)
    floor = canvas.ink(shade(draws.one_of(LEAVES), 1.1) if grass else stone)
    canvas.rows([*bands, (canvas.height - horizon, floor)])


def _row(canvas: Canvas, camera: Camera, street: Street, draws: Draws, side: int) -> None:
    """Houses and gardens along one side, the far ones first."""
    x = side * (street.half_road + street.pavement)
    plots = []
    z = draws.between(2, 6)
    while z < 110:
        length = draws.between(9, 22)
        plots.append((z, min(z + length, FAR)))
        z += length + (draws.between(1, 8) if draws.chance(0.25) else 0)
    for start, end in reversed(plots):
        if draws.chance(0.16):
            _hedge(canvas, camera, street, draws, x, start, end)
        else:
            _house(canvas, camera, street, draws, x, start, end)


def _house(
    canvas: Canvas, camera: Camera, street: Street, draws: Draws, x: float, start: float, end: float
) -> None:
    wall = shade(draws.one_of(WALLS), draws.between(0.8, 1.1))
    floors = draws.whole(2, 6)
    tall = FLOOR * floors + 0.8
    out = x + (9 if x > 0 else -9)
    canvas.begin(BUILDING, street.fade((start + end) / 2))
    front = ((x, 0.0), (out, 0.0), (out, tall), (x, tall))
    corners = [camera.project(a, y, start) for a, y in front]
    if max(corners[0][0], corners[1][0]) >= 0 and min(corners[0][0], corners[1][0]) <= camera.width:
        canvas.detail(corners, shade(wall, 0.78))
    facade = _Facade(canvas, camera, x)
    facade.area(start, end, 0, tall, wall)
    u, _ = camera.project(x, 0, end)
    # A house nearly out of the picture, or so far that its windows were a few pixels of nothing.
    seen = 0 < u < camera.width
    if seen and camera.pixels_per_metre(start) >= 6 * SUPERSAMPLING:
        _windows(facade, draws, (start, end), floors, wall, street.weather.lit_windows)


def _windows(
    facade: "_Facade", draws: Draws, plot: tuple[float, float], floors: int, wall: Colour,
    lit_windows: float,
) -> None:  # fmt: skip
    """A band of glass a floor, the wall's piers over the bands, then shops and what is lit."""
    start, end = plot
    columns = max(2, int((end - start) / 3))
    pitch = (end - start) / columns
    shop = draws.chance(0.4)
    glass = shade((64, 74, 86), draws.between(0.8, 1.3))
    left = start + pitch * 0.25
    upper = range(1 if shop else 0, floors)
    for floor in upper:
        low = FLOOR * floor + 1.0
        facade.area(left, end - pitch * 0.25, low, low + 1.5, glass)
    bottom, top = FLOOR * upper.start + 1.0, FLOOR * floors - 0.6
    for column in range(1, columns):
        z = left + pitch * column
        if z > NEAREST_WALL:
            facade.area(z - pitch * 0.5, z, bottom, top, wall)
    if shop:
        for column in range(columns):
            z = start + pitch * column
            facade.area(z + pitch * 0.1, z + pitch * 0.9, 0.3, 2.6, shade(glass, 1.1))
    for _ in range(int(lit_windows * columns * floors + draws.between(0, 1))):
        z, floor = left + pitch * draws.whole(0, columns - 1), draws.whole(upper.start, floors - 1)
        low = FLOOR * floor + 1.0
        facade.area(z, z + pitch * 0.5, low, low + 1.5, LIT)


class _Facade:
    """Areas on a wall along the street, at a distance of x metres from the camera's line."""

    def __init__(self, canvas: Canvas, camera: Camera, x: float) -> None:
        self._canvas, self._side = canvas, camera.focal * camera.width * x
        self._width = camera.width
        self._focal, self._eye = camera.focal * camera.width, camera.eye
        self._u, self._v = camera.centre * camera.width, camera.horizon * camera.height

    def area(self, z0: float, z1: float, low: float, high: float, colour: Colour) -> None:
        """From z0 to z1 metres along the street, from low to high; in the owner's colour."""
        z0 = z0 if z0 > NEAREST_WALL else NEAREST_WALL
        z1 = z1 if z1 > NEAREST_WALL else NEAREST_WALL
        u0, u1 = self._u + self._side / z0, self._u + self._side / z1
        if (u0 < 0 and u1 < 0) or (u0 > self._width and u1 > self._width):
            return
        down, up = self._focal * (self._eye - low), self._focal * (self._eye - high)
        if self._v + down / z0 < 0 and self._v + down / z1 < 0:
            return
        corners = (
            (u0, self._v + down / z0), (u1, self._v + down / z1),
            (u1, self._v + up / z1), (u0, self._v + up / z0),
        )  # fmt: skip
        self._canvas.detail(corners, colour)


def _hedge(
    canvas: Canvas, camera: Camera, street: Street, draws: Draws, x: float, start: float, end: float
) -> None:
    canvas.begin(PLANT, street.fade(start))
    leaf = draws.one_of(LEAVES)
    middle = (start + end) / 2
    for z in (end, middle, start):
        for _ in range(3):
            u, v = camera.project(x + draws.between(0, 3) * (1 if x > 0 else -1),
                                  draws.between(0.8, 4.5), z)  # fmt: skip
            r = draws.between(1.2, 2.2) * camera.pixels_per_metre(z)
            canvas.ellipse(u, v, r, r, shade(leaf, draws.between(0.7, 1.15)))
