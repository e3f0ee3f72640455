"""The boxes that an SSD detector corrects: centred on cells, in several sizes and shapes.

Source: Liu et al., "SSD: Single Shot MultiBox Detector" (2016), section 2.2.
"""

from functools import cache

import numpy as np

#: Pixels of the square input.
INPUT_SIZE = 320
#: Cells along a side, finest level first: strides 8, 16, 32, two halvings and one cell.
CELLS = (40, 20, 10, 5, 3, 1)
#: Side of a level's square anchor in pixels; the last one only ends the sixth level's range. The
#: paper spaces them evenly; here they are closer where objects are small, as most on a street are.
SIZES = (14, 32, 70, 120, 180, 240, 300)
#: Width over height. A second square has the size between this level's and the next one's.
RATIOS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)
ANCHORS_PER_CELL = len(RATIOS) + 1


@cache
def anchors(side: int = INPUT_SIZE) -> np.ndarray:
    """All anchors in the order of the detector's outputs, read-only.

    Parameters
    ----------
    side : int
        Pixels of the square input, a multiple of 32. Anchors keep their sizes in pixels: a smaller
        input has fewer of them.

    Returns
    -------
    float32 array (A, 4), A = 12810 for 320 pixels
        Centre x, centre y, width, height in pixels of the input. Level by level; in a level shape
        by shape; in a shape row by row. Anchors at the edge reach out of the image.

    Raises
    ------
    ValueError
        A side that is no multiple of 32.

    Examples
    --------
    >>> anchors().shape, anchors(192).shape
    ((12810, 4), (4620, 4))
    >>> anchors()[0].tolist()
    [4.0, 4.0, 14.0, 14.0]
    """
    levels = zip(cells_of(side), SIZES[:-1], SIZES[1:], strict=True)
    every = np.concatenate([_level(side, *level) for level in levels]).astype(np.float32)
    every.flags.writeable = False
    return every


def shapes(size: float, next_size: float) -> np.ndarray:
    """Widths and heights of one cell's anchors in pixels, float64 (6, 2).

    size · √ratio by size / √ratio for each ratio, then the square of side √(size · next_size).

    Examples
    --------
    >>> shapes(10, 40)[[0, 1, -1]].round(2).tolist()
    [[10.0, 10.0], [14.14, 7.07], [20.0, 20.0]]
    """
    roots = np.sqrt(RATIOS)
    between = np.sqrt(size * next_size)
    return np.array([*zip(size * roots, size / roots, strict=True), (between, between)])


def cells_of(side: int) -> tuple[int, ...]:
    """Cells along a side of each level: strides 8, 16 and 32, two halvings rounded up, one cell.

    Raises
    ------
    ValueError
        No multiple of 32.

    Examples
    --------
    >>> cells_of(320) == CELLS, cells_of(192)
    (True, (24, 12, 6, 3, 2, 1))
    """
    if side < 32 or side % 32:
        raise ValueError(f"side is {side}, but strides of 32 need a multiple of 32: pass 320.")
    coarse = side // 32
    return (side // 8, side // 16, coarse, -(-coarse // 2), -(-coarse // 4), 1)


def _level(side: int, cells: int, size: float, next_size: float) -> np.ndarray:
    centres = (np.arange(cells) + 0.5) * side / cells
    y, x = np.meshgrid(centres, centres, indexing="ij")
    places = np.stack([x, y], -1).reshape(1, -1, 2)
    sides = shapes(size, next_size)[:, None]
    return np.concatenate(np.broadcast_arrays(places, sides), -1).reshape(-1, 4)
