"""A small classification task made from a seed: ten drawn shapes in noise, for nets trained here.

Shapes differ in size, place, turn and colour; the ground is a slow gradient, and noise lies over
both. So a net that is trained for minutes stays well below 100 %, and a bad quantizer shows.
"""

from dataclasses import dataclass

import numpy as np

SIDE = 48
CLASSES = (
    "disc", "ring", "square", "frame", "rhombus", "triangle", "cross", "star", "half", "crescent",
)  # fmt: skip
NOISE = 0.25


@dataclass(frozen=True)
class Images:
    """`x` float32 (N, 3, SIDE, SIDE), mean about 0; `y` int64 (N,), index into CLASSES."""

    x: np.ndarray
    y: np.ndarray


def draw(count: int, seed: int) -> Images:
    """`count` images; another seed gives other images of the same kind."""
    parts = [_draw(min(500, count - at), seed, at) for at in range(0, count, 500)]
    return Images(np.concatenate([p.x for p in parts]), np.concatenate([p.y for p in parts]))


def _draw(count: int, seed: int, part: int) -> Images:
    rng = np.random.default_rng([seed, part])

    def uniform(lo: float, hi: float, *shape: int) -> np.ndarray:
        return rng.uniform(lo, hi, (count, *shape)).astype(np.float32)

    y = rng.integers(0, len(CLASSES), count)
    grid = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
    column, row = np.meshgrid(grid, grid)
    size, angle = uniform(0.25, 0.6, 1, 1), uniform(0, 2 * np.pi, 1, 1)
    du, dv = column - uniform(-0.35, 0.35, 1, 1), row - uniform(-0.35, 0.35, 1, 1)
    u = (np.cos(angle) * du + np.sin(angle) * dv) / size
    v = (np.cos(angle) * dv - np.sin(angle) * du) / size
    outside = np.empty_like(u)
    for k in range(len(CLASSES)):
        outside[y == k] = _distance(k, u[y == k], v[y == k])
    # One pixel of soft edge: distances are in shape sizes, a pixel is 2 / SIDE of the picture.
    inside = np.clip(0.5 - outside * size * (SIDE / 2), 0, 1)[:, None]
    slope = uniform(-0.4, 0.4, 3, 1, 1) * column + uniform(-0.4, 0.4, 3, 1, 1) * row
    ground = uniform(-0.6, 0.6, 3, 1, 1) + slope
    colour = ground + uniform(0.35, 0.9, 3, 1, 1) * rng.choice([-1, 1], (count, 3, 1, 1))
    x = ground + inside * (colour - ground)
    x += NOISE * rng.standard_normal(x.shape, dtype=np.float32)
    return Images(x.astype(np.float32), y)


def _distance(kind: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Roughly the distance to the shape's edge, in shape sizes; below 0 inside."""
    r = np.hypot(u, v)
    far = np.maximum(np.abs(u), np.abs(v))
    bars = (np.maximum(np.abs(u) - 1, np.abs(v) - 0.3), np.maximum(np.abs(u) - 0.3, np.abs(v) - 1))
    sides = [np.cos(a) * u + np.sin(a) * v - 0.55 for a in np.pi * np.array([1 / 2, 7 / 6, 11 / 6])]
    return (
        r - 0.9,
        np.abs(r - 0.75) - 0.2,
        far - 0.8,
        np.abs(far - 0.65) - 0.18,
        np.abs(u) + 2 * np.abs(v) - 1,
        np.maximum.reduce(sides),
        np.minimum(*bars),
        r - 0.65 - 0.3 * np.cos(5 * np.arctan2(v, u)),
        np.maximum(r - 1, v),
        np.maximum(r - 1, 0.75 - np.hypot(u - 0.45, v)),
    )[kind]
