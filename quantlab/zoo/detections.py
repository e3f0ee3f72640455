"""From a detector's outputs to boxes: decoding and non-maximum suppression, in numpy.

They are no part of the graph: what they do is sorting and choosing, which no integer kernel helps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quantlab.zoo.anchors import ANCHORS_PER_CELL, CELLS, INPUT_SIZE, anchors
from quantlab.zoo.boxes import areas, decode, intersections


class Detections(NamedTuple):
    """What was found in one image, the surest first.

    boxes : float32 (n, 4)
        Corners x0, y0, x1, y1 in pixels of the detector's input, within it.
    scores : float32 (n,)
        Probabilities, 0 to 1.
    classes : int64 (n,)
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


#: Boxes with less probability are not looked at.
SCORE = 0.02
#: Of two boxes of a class that overlap by more than this, only the surer one stays.
OVERLAP = 0.5
#: So many boxes, the surest, go into the suppression.
CANDIDATES = 400
#: And so many leave it: COCO judges no more.
MOST = 100
#: Rounding of the float32 difference of two logits must not lose an anchor at the very limit.
SLACK = 1e-3


def detect(outputs: Sequence[np.ndarray], *, score: float = SCORE) -> list[Detections]:
    """Boxes of each image of a batch.

    Softmax over classes, decoding against the anchors, suppression class by class.

    Parameters
    ----------
    outputs : twelve float32 arrays (N, channels, h, w)
        As `Detector` returns them and an exported model gives them, in that order.
    score : float
        Least probability, above 0 and below 1. 0.02 for measuring mAP, 0.3 or more for showing.

    Raises
    ------
    ValueError
        Outputs of another network, NaN among them, a score out of range.
    """
    maps = _checked(outputs, score)
    return [_of_one_image([m[image] for m in maps], score) for image in range(len(maps[0]))]


def suppress(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Non-maximum suppression within each class: numbers of the boxes that stay, surest first.

    Parameters
    ----------
    boxes : float array (n, 4), corners
    scores : float array (n,)
        Of two equal ones the first counts as surer.
    classes : integer array (n,)

    Examples
    --------
    >>> boxes = np.array([[0.0, 0, 9, 9], [0, 0, 10, 10], [0, 0, 10, 10]])
    >>> suppress(boxes, np.array([0.5, 0.9, 0.4]), np.array([1, 1, 2])).tolist()
    [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    stays = np.zeros(len(order), bool)
    for kind in np.unique(classes):  # a matrix for each class: together far smaller than one
        rank = np.flatnonzero(classes[order] == kind)
        stays[rank[_winners(boxes[order[rank]])]] = True
    return order[stays]


def _winners(boxes: np.ndarray) -> np.ndarray:
    """Which of these boxes, surest first, stay: bool (n,)."""
    own = OVERLAP * areas(boxes)
    # shared / (area + other area - shared) > OVERLAP, without a division a pair.
    against = (1 + OVERLAP) * intersections(boxes, boxes) > own[:, None] + own
    stays = np.ones(len(boxes), bool)
    for i in np.flatnonzero(against.sum(axis=1) > 1):  # the others meet themselves alone
        if stays[i]:
            stays[i + 1 :] &= ~against[i, i + 1 :]
    return stays


def _of_one_image(maps: list[np.ndarray], score: float) -> Detections:
    half = len(maps) // 2
    anchor, classes, scores = _likely(_rows(maps[:half]), score)
    surest = np.argsort(-scores, kind="stable")[:CANDIDATES]
    anchor, classes, scores = anchor[surest], classes[surest], scores[surest]
    offsets = _rows(maps[half:])[:, anchor].T
    boxes = np.clip(decode(offsets, anchors()[anchor]), 0, INPUT_SIZE)
    kept = suppress(boxes, scores, classes)[:MOST]
    return Detections(boxes[kept], scores[kept], classes[kept])


def _rows(maps: list[np.ndarray]) -> np.ndarray:
    """One column an anchor: (numbers, 12810)."""
    split = [m.reshape(ANCHORS_PER_CELL, -1, m.shape[1] * m.shape[2]) for m in maps]
    return np.concatenate([part for m in split for part in m], axis=1)


def _likely(logits: np.ndarray, score: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Anchors, classes and probabilities of at least `score`, from logits (classes + 1, A).

    exp is taken where it can matter only: a probability is at most 1 / (1 + exp(background - l)),
    and an anchor whose best logit fails that has no class worth looking at. Where an anchor is
    taken, its softmax is over all classes.
    """
    margin = logits[1:].max(axis=0) - logits[0]
    taken = np.flatnonzero(margin >= np.log(score / (1 - score)) - SLACK)
    chosen = logits[:, taken]
    shares = np.exp(chosen - chosen.max(axis=0))
    shares = shares[1:] / shares.sum(axis=0)
    column, classes = np.nonzero((shares >= score).T)
    return taken[column], classes, shares[classes, column]


def _checked(outputs: Sequence[np.ndarray], score: float) -> list[np.ndarray]:
    if not 0 < score < 1:
        raise ValueError(f"score is {score}, but it is a probability above 0 and below 1: pass 0.3")
    maps = [np.asarray(output) for output in outputs]
    grids = [(cells, cells) for cells in CELLS] * 2
    channels = [m.shape[1] if m.ndim == 4 else 0 for m in maps]
    fits = (
        [m.shape[2:] for m in maps] == grids
        and len({len(m) for m in maps}) == 1
        and len(set(channels[: len(CELLS)])) == 1
        and channels[0] % ANCHORS_PER_CELL == 0
        and channels[0] >= 2 * ANCHORS_PER_CELL
        and set(channels[len(CELLS) :]) == {4 * ANCHORS_PER_CELL}
    )
    if not fits:
        raise ValueError(
            f"outputs have shapes {[m.shape for m in maps]}, but the detector gives six maps of "
            f"class logits and six of offsets with {', '.join(map(str, CELLS))} cells a side: pass "
            "all of its outputs, in its order."
        )
    integers = [m.dtype for m in maps if m.dtype.kind != "f"]
    if integers:
        raise ValueError(
            f"outputs are {integers[0]}, but logits and offsets are floats: is the last "
            "DequantizeLinear of the file missing?"
        )
    # A sum is not finite where an entry is not, and needs no array of its own.
    if not all(np.isfinite(m.sum()) for m in maps):
        raise ValueError(
            "outputs hold NaN or infinity, but logits and offsets are finite: look at the input's "
            "preprocessing and at the weights."
        )
    return maps
