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
def anchors() -> np.ndarray:
    """All anchors in the order of the detector's outputs, read-only.

    Returns
    -------
    float32 array (12810, 4)
        Centre x, centre y, width, height in pixels of the input. Level by level; in a level shape
        by shape; in a shape row by row. Anchors at the edge reach out of the image.

    Examples
    --------
    >>> anchors().shape
    (12810, 4)
    >>> anchors()[0].tolist()
    [4.0, 4.0, 14.0, 14.0]
    """
    levels = zip(CELLS, SIZES[:-1], SIZES[1:], strict=True)
    every = np.concatenate([_level(*level) for level in levels]).astype(np.float32)
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


def _level(cells: int, size: float, next_size: float) -> np.ndarray:
    centres = (np.arange(cells) + 0.5) * INPUT_SIZE / cells
    y, x = np.meshgrid(centres, centres, indexing="ij")
    places = np.stack([x, y], -1).reshape(1, -1, 2)
    sides = shapes(size, next_size)[:, None]
    return np.concatenate(np.broadcast_arrays(places, sides), -1).reshape(-1, 4)
