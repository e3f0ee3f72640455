"""Which anchor learns which box. Source: Liu et al., "SSD" (2016), section 2.2."""

from typing import NamedTuple

import numpy as np

from quantlab.zoo.anchors import INPUT_SIZE, anchors
from quantlab.zoo.boxes import corners, encode, overlaps

#: An anchor that overlaps a box by more than this learns it. The paper says 0.5; here many boxes
#: are small, few anchors overlap one by half, and a short training needs more to learn from.
THRESHOLD = 0.35


class Targets(NamedTuple):
    """What a detector should say of one image.

    classes : int64 (A,)
        0 where the anchor sees background, else the object's class plus 1.
    offsets : float32 (A, 4)
        From the anchor to its box; 0 where it sees background.
    """

    classes: np.ndarray
    offsets: np.ndarray


def match(boxes: np.ndarray, classes: np.ndarray, side: int = INPUT_SIZE) -> Targets:
    """The targets of one image.

    Every box gets the free anchor that it overlaps most, the best pair of all first; then every
    other anchor learns the box it overlaps most, where that is more than 0.35.

    Parameters
    ----------
    boxes : float array (n, 4)
        Corners x0, y0, x1, y1 in pixels of the detector's input. n may be 0.
    classes : integer array (n,)
        0 and up.
    side : int
        Pixels of the square input, a multiple of 32.

    Raises
    ------
    ValueError
        Shapes that do not fit, a box without area or not finite, a negative class.

    Examples
    --------
    >>> targets = match(np.array([[0.0, 0.0, 11.0, 11.0]]), np.array([3]))
    >>> np.flatnonzero(targets.classes).tolist(), targets.classes[0]
    ([0, 1600, 3200, 4800, 4801, 6400, 6440], np.int64(4))
    """
    boxes, classes = _checked(boxes, classes)
    every = anchors(side)
    box_of = _box_of_each_anchor(overlaps(corners(every.astype(np.float64)), boxes))
    found = np.flatnonzero(box_of >= 0)
    targets = Targets(np.zeros(len(every), np.int64), np.zeros((len(every), 4), np.float32))
    targets.classes[found] = classes[box_of[found]] + 1
    targets.offsets[found] = encode(boxes[box_of[found]], every[found].astype(np.float64))
    return targets


def _box_of_each_anchor(overlap: np.ndarray) -> np.ndarray:
    """Box number of each anchor, -1 for none, from the overlaps (A, n)."""
    count = overlap.shape[1]
    if count == 0:
        return np.full(len(overlap), -1)
    box_of = overlap.argmax(axis=1)
    box_of[overlap[np.arange(len(overlap)), box_of] <= THRESHOLD] = -1
    for anchor, box in _best_pairs(overlap.copy()):
        box_of[anchor] = box
    return box_of


def _best_pairs(overlap: np.ndarray) -> list[tuple[int, int]]:
    """One anchor for each box, no anchor twice: the largest overlap first. Writes to `overlap`."""
    best = overlap.argmax(axis=0)
    waiting = set(range(overlap.shape[1]))
    pairs = []
    while waiting:
        box = max(waiting, key=lambda b: (overlap[best[b], b], -b))
        anchor = int(best[box])
        waiting.discard(box)
        pairs.append((anchor, box))
        overlap[anchor] = -1
        for other in waiting:
            if best[other] == anchor:
                best[other] = overlap[:, other].argmax()
    return pairs


def _checked(boxes: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    boxes, classes = np.asarray(boxes, np.float64), np.asarray(classes)
    if boxes.size == 0 and classes.size == 0:
        return np.zeros((0, 4)), np.zeros(0, np.int64)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or classes.shape != (len(boxes),):
        raise ValueError(
            f"boxes have shape {boxes.shape} and classes {classes.shape}, but n boxes are (n, 4) "
            "and their classes (n,): pass one row x0, y0, x1, y1 and one class an object."
        )
    flat = ~(np.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1))
    if flat.any():
        where = int(np.argmax(flat))
        raise ValueError(
            f"box {where} is {boxes[where].tolist()}, but x0 < x1 and y0 < y1 are needed: leave "
            "objects without area out, and write corners, not width and height."
        )
    if classes.dtype.kind not in "iu" or classes.min() < 0:
        raise ValueError(
            f"classes have dtype {classes.dtype} and least {classes.min()}, but they are integers "
            "of 0 or more: the background is not a class of objects."
        )
    return boxes, classes.astype(np.int64)
