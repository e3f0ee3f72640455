"""How one batch of images follows from another: orientation, channel order, scale and offset.

Every candidate is fitted by least squares, channel by channel, and judged by the share of variance
it leaves unexplained. Nothing is assumed about what either pipeline does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

#: Pixels agree when this share of a channel's variance is left: rounding to 1/255 leaves
#: (1/255)^2 / 12 of a variance that in photographs is about (30/255)^2 or more, under 1e-4.
EXACT = 1e-4
#: Side of the coarse pictures on which resized or cropped images are compared.
COARSE = 8
#: A reordering is believed when it leaves less than half of what the plain order leaves.
BETTER = 0.5
#: All orders are tried up to so many channels, above it only the reverse.
FEW_CHANNELS = 4
#: Keeps a share of nothing (a constant channel, a perfect fit) out of the comparison.
FLOOR = 1e-9

ORIENTATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "": lambda x: x,
    "mirrored left to right": lambda x: x[..., ::-1],
    "upside down": lambda x: x[..., ::-1, :],
    "turned by 180 degrees": lambda x: x[..., ::-1, ::-1],
    "rows and columns swapped": lambda x: np.swapaxes(x, -1, -2),
}


@dataclass(frozen=True)
class PixelRelation:
    """`second[:, i] ≈ scale[i] * turned(first)[:, order[i]] + offset[i]`.

    orientation : str
        How first was turned, one of ORIENTATIONS; "" is not at all.
    order : tuple of int
        Which channel of first each channel of second shows.
    scale, offset : tuples of float, one entry a channel of second
    unexplained : float
        Share of the variance that the relation leaves, 0 to 1, the mean over channels.
    pixelwise : bool
        True when the fit is pixel by pixel, False when only the averages over coarse tiles agree.
    """

    orientation: str
    order: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    unexplained: float
    pixelwise: bool

    @property
    def reordered(self) -> bool:
        """True when a channel is not in its place."""
        return self.order != tuple(range(len(self.order)))


def pixel_relation(first: np.ndarray, second: np.ndarray) -> PixelRelation:
    """The relation that explains `second` best: pixel by pixel, or else in coarse tiles.

    Parameters
    ----------
    first, second : float arrays (N, C, H, W) and (N, C, H', W')
        The same images in the same order.
    """
    if first.shape == second.shape:
        fine = _best(first, second, pixelwise=True)
        if fine.unexplained <= EXACT:
            return fine
    return _best(coarse(first), coarse(second), pixelwise=False)


def coarse(images: np.ndarray) -> np.ndarray:
    """Averages over tiles: (N, C, H, W) to float64 (N, C, h, w), h and w at most COARSE."""
    rows, columns = (_tiles(size) for size in images.shape[2:])
    return np.asarray(rows @ images.astype(np.float64) @ columns.T)


def _tiles(size: int) -> np.ndarray:
    """(tiles, size): each row averages one tile; a pixel on a border counts in shares."""
    tiles = min(COARSE, size)
    edges = np.linspace(0, size, tiles + 1)
    at = np.arange(size)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return np.clip(overlap, 0, None) * tiles / size


def _best(first: np.ndarray, second: np.ndarray, *, pixelwise: bool) -> PixelRelation:
    fits = list(_fits(first, second, pixelwise))
    plain, best = fits[0], min(fits, key=lambda fit: fit.unexplained)
    return best if best.unexplained + FLOOR < BETTER * (plain.unexplained + FLOOR) else plain


def _fits(first: np.ndarray, second: np.ndarray, pixelwise: bool) -> Iterator[PixelRelation]:
    """One fit for each orientation and channel order, the plain one first."""
    channels = second.shape[1]
    y = _by_channel(second)
    y_mean, y_variance = y.mean(axis=1), y.var(axis=1)
    for name, turn in ORIENTATIONS.items():
        turned = turn(first)
        if turned.shape != second.shape:
            continue
        x = _by_channel(turned)
        x_mean, x_variance = x.mean(axis=1), x.var(axis=1)
        shared = (y - y_mean[:, None]) @ (x - x_mean[:, None]).T / x.shape[1]
        for order in _orders(channels):
            at = np.arange(channels), np.array(order)
            variance = x_variance[at[1]]
            # A constant channel cannot say its scale: 1 keeps the difference in the offset.
            scale = np.divide(shared[at], variance, where=variance > 0, out=np.ones(channels))
            left = y_variance - scale * shared[at]
            share = np.divide(left, y_variance, where=y_variance > 0, out=np.zeros(channels))
            yield PixelRelation(
                orientation=name,
                order=order,
                scale=tuple(map(float, scale)),
                offset=tuple(map(float, y_mean - scale * x_mean[at[1]])),
                unexplained=float(np.clip(share, 0, 1).mean()),
                pixelwise=pixelwise,
            )


def _orders(channels: int) -> Iterator[tuple[int, ...]]:
    plain = tuple(range(channels))
    if channels <= FEW_CHANNELS:
        yield from permutations(plain)  # the first one is the plain order
    else:
        yield from (plain, plain[::-1])


def _by_channel(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) to float64 (C, N * H * W)."""
    return np.moveaxis(images, 1, 0).reshape(images.shape[1], -1).astype(np.float64)
