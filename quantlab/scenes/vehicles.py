"""Cars, vans, trucks and buses: extruded profiles with windows, wheels and lights."""

from collections.abc import Callable

from quantlab.scenes.camera import Camera
from quantlab.scenes.canvas import Canvas, Colour, shade
from quantlab.scenes.draws import Draws
from quantlab.scenes.pose import Pose
from quantlab.scenes.solid import SIDE_LIGHT, Solid

PAINTS: tuple[Colour, ...] = (
    (236, 236, 238), (28, 30, 34), (130, 134, 140), (176, 180, 186), (150, 30, 32), (34, 62, 130),
    (66, 92, 72), (196, 150, 58), (84, 40, 44), (60, 120, 160), (210, 96, 40),
)  # fmt: skip
GLASS: Colour = (52, 66, 78)
RED: Colour = (200, 24, 24)
WHITE_LIGHT: Colour = (250, 240, 196)
HUB: Colour = (140, 142, 146)


def draw_car(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A saloon, a hatchback or an estate of 3.6 to 4.8 m."""
    paint = draws.one_of(PAINTS)
    half = draws.between(1.8, 2.4)
    tall = draws.between(1.36, 1.62)
    rear = draws.between(-0.98, -0.6) * half  # where the roof ends: estate to saloon
    belt, sill, bonnet = 0.9, 0.28, draws.between(0.36, 0.52) * half
    body = Solid(canvas, camera, pose, 1.75)
    roof = [(0.06 * half, tall), (rear * 0.82, tall)]
    profile = [(half, sill), (half, 0.72), (bonnet, belt), *roof, (rear, belt), (-half, belt),
               (-half, sill)]  # fmt: skip
    colours = [paint, paint, GLASS, paint, GLASS, paint, paint, paint]
    wheels = [0.62 * half, -0.62 * half]
    body.far_wheels(wheels, 0.32)
    body.extrude(profile, colours)
    if body.side_is_seen:
        lower = [(bonnet - 0.12, belt + 0.03), (0.05 * half, tall - 0.1)]
        body.panel([*lower, (rear * 0.8, tall - 0.1), (rear + 0.12, belt + 0.03)], GLASS)
        if body.is_large:
            pillar = -0.28 * half
            body.panel([(pillar, belt), (pillar, tall), (pillar - 0.08, tall),
                        (pillar - 0.08, belt)], shade(paint, 0.8))  # fmt: skip
    body.near_wheels(wheels, 0.32, HUB)
    _lights(body, half, 0.58, 0.72)
    _plate(body, half)


def draw_truck(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A van or a lorry."""
    (_van if draws.chance(0.5) else _lorry)(canvas, camera, pose, draws)


def _van(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A delivery van: one box with a short nose."""
    paint = draws.one_of(PAINTS)
    half, tall = draws.between(2.4, 2.9), draws.between(2.1, 2.6)
    body = Solid(canvas, camera, pose, 1.95)
    profile = [(half, 0.3), (half, 0.95), (0.78 * half, 1.15), (0.55 * half, tall), (-half, tall),
               (-half, 0.3)]  # fmt: skip
    wheels = [0.6 * half, -0.62 * half]
    body.far_wheels(wheels, 0.36)
    body.extrude(profile, [paint, paint, GLASS, paint, paint, paint])
    if body.side_is_seen:
        window = [(0.7 * half, 1.2), (0.52 * half, tall - 0.2), (0.3 * half, tall - 0.2)]
        body.panel([*window, (0.3 * half, 1.2)], GLASS)
    body.near_wheels(wheels, 0.36, HUB)
    _lights(body, half, 0.7, 0.95)
    body.on_end(-half, 1.3, tall - 0.3, -0.75, -0.08, GLASS)
    body.on_end(-half, 1.3, tall - 0.3, 0.08, 0.75, GLASS)


def _lorry(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A lorry: a load box and a cab before it."""
    paint, load = draws.one_of(PAINTS), draws.one_of(PAINTS)
    half, tall = draws.between(3.2, 4.4), draws.between(2.9, 3.6)
    cab = half - 1.9
    body = Solid(canvas, camera, pose, 2.4)
    wheels = [half - 1.0, -half + 1.0, -half + 2.1]
    body.far_wheels(wheels, 0.48)
    box = [(cab - 0.15, 0.8), (cab - 0.15, tall), (-half, tall), (-half, 0.8)]
    front = [(half, 0.45), (half, 1.5), (half - 0.25, 2.5), (cab, 2.5), (cab, 0.45)]
    parts: list[Callable[[], None]] = [
        lambda: body.extrude(box, [load] * 4),
        lambda: body.extrude(front, [paint, GLASS, paint, paint, paint]),
    ]
    rear_is_nearer = pose.world(-half, 0)[1] < pose.world(half, 0)[1]
    for part in reversed(parts) if rear_is_nearer else parts:
        part()
    if body.side_is_seen:
        window = [(half - 0.1, 1.55), (half - 0.3, 2.3), (cab + 0.5, 2.3), (cab + 0.5, 1.55)]
        body.panel(window, GLASS)
        stripe = draws.between(1.2, tall - 0.8)
        body.panel([(cab - 0.3, stripe), (cab - 0.3, stripe + 0.4), (-half + 0.2, stripe + 0.4),
                    (-half + 0.2, stripe)], shade(load, 0.6))  # fmt: skip
    body.near_wheels(wheels, 0.48, HUB)
    _lights(body, half, 0.6, 0.85)
    body.on_end(-half, 0.9, tall - 0.1, -0.04, 0.04, shade(load, 0.5))


def draw_bus(canvas: Canvas, camera: Camera, pose: Pose, draws: Draws) -> None:
    """A city bus of 9 to 12 m with a row of windows and a sign over the windscreen."""
    paint = draws.one_of(((200, 40, 36), (240, 190, 40), (40, 100, 170), (230, 232, 235)))
    half, tall = draws.between(4.5, 6.0), 3.0
    body = Solid(canvas, camera, pose, 2.5)
    profile = [(half, 0.35), (half, 1.1), (half - 0.08, 2.5), (half - 0.1, tall), (-half, tall),
               (-half, 0.35)]  # fmt: skip
    wheels = [half - 2.2, -half + 2.6]
    body.far_wheels(wheels, 0.48)
    body.extrude(profile, [paint, GLASS, (30, 32, 34), paint, paint, paint])
    if body.side_is_seen:
        count = int(half * 1.3)
        step = (2 * half - 0.5) / count
        rear, front = -half + 0.3, -half + 0.15 + count * step
        body.panel([(rear, 1.3), (rear, 2.5), (front, 2.5), (front, 1.3)], GLASS)
        for k in range(1, count if body.is_large else 1):
            post = -half + 0.3 + k * step
            body.panel([(post, 1.3), (post, 2.5), (post - 0.15, 2.5), (post - 0.15, 1.3)],
                       shade(paint, SIDE_LIGHT))  # fmt: skip
        body.panel([(half - 1.0, 0.4), (half - 1.0, 2.5), (half - 0.2, 2.5), (half - 0.2, 0.4)],
                   shade(GLASS, 1.2))  # fmt: skip
    body.near_wheels(wheels, 0.48, HUB)
    body.on_end(-half, 1.5, 2.5, -1.0, 1.0, GLASS)
    body.on_end(half, 2.55, 2.85, -0.8, 0.8, (240, 170, 40))
    _lights(body, half, 0.55, 0.8)


def _lights(body: Solid, half: float, low: float, high: float) -> None:
    for inner, outer in ((0.58, 0.95), (-0.95, -0.58)):
        a, b = inner * body.half, outer * body.half
        body.on_end(-half, low, high, a, b, RED)
        body.on_end(half, low, high, a, b, WHITE_LIGHT)


def _plate(body: Solid, half: float) -> None:
    if not body.is_large:
        return
    for end in (-half, half):
        body.on_end(end, 0.4, 0.52, -0.26, 0.26, (235, 235, 215))
