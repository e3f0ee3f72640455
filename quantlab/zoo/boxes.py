"""Boxes: two ways to write them, how much two overlap, and how SSD codes one against an anchor.

Corners are x0, y0, x1, y1; centres are centre x, centre y, width, height. All in pixels.
"""

import numpy as np

#: What offsets of centre and of size are divided by, so that a network's outputs are near 1. From
#: the code of Liu et al., "SSD" (2016), which calls them variances.
CENTRE_VARIANCE = 0.1
SIZE_VARIANCE = 0.2
#: Offsets of size above this are cut before exp: a box 60 times its anchor says nothing more.
LARGEST_LOG = 4.1


def corners(boxes: np.ndarray) -> np.ndarray:
    """(..., 4) from centres to corners.

    Examples
    --------
    >>> corners(np.array([5.0, 5.0, 4.0, 2.0])).tolist()
    [3.0, 4.0, 7.0, 6.0]
    """
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], -1)


def centres(boxes: np.ndarray) -> np.ndarray:
    """(..., 4) from corners to centres.

    Examples
    --------
    >>> centres(np.array([3.0, 4.0, 7.0, 6.0])).tolist()
    [5.0, 5.0, 4.0, 2.0]
    """
    low, high = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], -1)


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair: (n, 4) and (m, 4) corners give (n, m), 0 to 1.

    Two boxes without area overlap by 0.

    Examples
    --------
    >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).round(3)
    array([[0.333, 0.   ]])
    """
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def intersections(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area that every pair shares: (n, 4) and (m, 4) corners give (n, m), in square pixels.

    Examples
    --------
    >>> intersections(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).tolist()
    [[2.0, 0.0]]
    """
    width, height = (_shared_side(a[:, k], a[:, k + 2], b[:, k], b[:, k + 2]) for k in (0, 1))
    width *= height
    return width


def areas(boxes: np.ndarray) -> np.ndarray:
    """(n,) from corners (n, 4), in square pixels."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def encode(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Offsets (n, 4) that lead from each anchor (centres) to its box (corners); see `decode`."""
    to = centres(boxes)
    move = (to[..., :2] - anchors[..., :2]) / anchors[..., 2:] / CENTRE_VARIANCE
    grow = np.log(to[..., 2:] / anchors[..., 2:]) / SIZE_VARIANCE
    return np.concatenate([move, grow], -1)


def decode(offsets: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Boxes as corners (n, 4) from offsets and anchors (centres), both (n, 4).

    The centre moves by 0.1 of the anchor's side an offset of 1; the side grows by exp(0.2).

    Examples
    --------
    >>> decode(np.array([[10.0, 0, 0, 0]]), np.array([[8.0, 8.0, 4.0, 4.0]])).tolist()
    [[10.0, 6.0, 14.0, 10.0]]
    """
    centre = anchors[..., :2] + offsets[..., :2] * CENTRE_VARIANCE * anchors[..., 2:]
    logs = np.minimum(offsets[..., 2:] * SIZE_VARIANCE, LARGEST_LOG)
    return corners(np.concatenate([centre, anchors[..., 2:] * np.exp(logs)], -1))


def _shared_side(
    low: np.ndarray, high: np.ndarray, other_low: np.ndarray, other_high: np.ndarray
) -> np.ndarray:
    # In place: the matrices of a frame then stay in the core's cache.
    side = np.minimum(high[:, None], other_high)
    side -= np.maximum(low[:, None], other_low)
    return np.maximum(side, 0, out=side)
