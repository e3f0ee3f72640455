"""Networks that know the answer, more or less: what they give is made from the truth."""

import numpy as np

from quantlab.zoo.anchors import ANCHORS_PER_CELL, CELLS, anchors
from quantlab.zoo.boxes import corners as as_corners
from quantlab.zoo.boxes import encode, overlaps

#: Background and the ten classes.
LOGITS = 11


class Oracle:
    """Answers batch by batch with what it was given for each picture, in order."""

    def __init__(self, answers):
        self.answers, self.seen = answers, []

    def __call__(self, x):
        first = sum(map(len, self.seen))
        self.seen.append(x)
        mine = self.answers[first : first + len(x)]
        if isinstance(mine[0], tuple):
            return [np.stack(maps) for maps in zip(*mine, strict=True)]
        return np.stack(mine)


def outputs_for(boxes, classes, scores):
    """The twelve maps (channels, h, w) of a detector that finds these boxes, one anchor each."""
    logits = np.zeros((len(anchors()), LOGITS), np.float32)
    logits[:, 0] = 20
    offsets = np.zeros((len(anchors()), 4), np.float32)
    taken = np.zeros(len(anchors()), bool)
    for box, label, score in zip(boxes, classes, scores, strict=True):
        fit = overlaps(np.array([box], float), as_corners(anchors().astype(float)))[0]
        best = int(np.argmax(np.where(taken, -1, fit)))
        taken[best] = True
        logits[best] = -20
        # Of two logits that differ by log(p / (1 - p)) the larger has the share p.
        logits[best, 0], logits[best, label + 1] = 0, np.log(score / (1 - score))
        offsets[best] = encode(np.array([box], float), anchors()[best : best + 1])[0]
    return (*maps_of(logits), *maps_of(offsets))


def maps_of(rows):
    """One row an anchor to the six maps: level by level, shape by shape, row by row."""
    maps, first = [], 0
    for cells in CELLS:
        count = ANCHORS_PER_CELL * cells**2
        part = rows[first : first + count].reshape(ANCHORS_PER_CELL, cells, cells, -1)
        maps.append(part.transpose(0, 3, 1, 2).reshape(-1, cells, cells))
        first += count
    return maps
