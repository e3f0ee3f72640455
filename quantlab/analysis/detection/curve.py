"""Precision against recall of one class, over any images, repeats included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantlab.analysis.detection.class_matches import ClassMatches

#: Recalls at which COCO reads the precision.
RECALLS = np.linspace(0.0, 1.0, 101)


class PerOverlap(NamedTuple):
    """One class: average precision and largest recall at each of the ten overlaps, 0 to 1.

    Both are NaN where the images hold no object of the class.
    """

    precision: np.ndarray
    recall: np.ndarray


class Curve:
    """The precision-recall curves of one class, ready to be read for any weights of images.

    Only detections that hit at some overlap can raise a curve; all others count through one
    running sum, and what is ignored at some overlap through another. That makes a resample cost
    about as much as its hits.
    """

    def __init__(self, matches: ClassMatches) -> None:
        self.image = matches.image
        self.objects = matches.objects
        self.place = np.flatnonzero(matches.hit.any(axis=0))
        self.image_of_place = self.image[self.place]
        self.hit = matches.hit[:, self.place]
        skipped = np.flatnonzero(matches.ignored.any(axis=0))
        self.image_of_skipped = self.image[skipped]
        self.ignored = matches.ignored[:, skipped]
        self.skipped_before = np.searchsorted(skipped, self.place, side="right")

    def read(self, weights: np.ndarray) -> PerOverlap:
        """COCO's numbers where image i is there `weights[i]` times, float64 (images,)."""
        objects = float(self.objects @ weights)
        if objects == 0:
            return PerOverlap(*np.full((2, len(self.hit)), np.nan))
        hits = np.cumsum(self.hit * weights[self.image_of_place], axis=1)
        precision = hits / (self._counted(weights) + np.spacing(1))  # COCO's guard against 0 / 0
        # From the right: the best precision at this recall or a larger one.
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        reached = _recalls_reached(hits / objects)
        steps = np.diff(reached, axis=1, prepend=0)
        last = hits[:, -1] if hits.shape[1] else np.zeros(len(hits))
        return PerOverlap((best * steps).sum(axis=1) / len(RECALLS), last / objects)

    def _counted(self, weights: np.ndarray) -> np.ndarray:
        """Detections that count, up to and with each hit, float64 (10, hits)."""
        every = np.cumsum(weights[self.image])[self.place]
        ignored = np.zeros((len(self.ignored), self.ignored.shape[1] + 1))  # none before the first
        np.cumsum(self.ignored * weights[self.image_of_skipped], axis=1, out=ignored[:, 1:])
        return every - ignored[:, self.skipped_before]


def _recalls_reached(recall: np.ndarray) -> np.ndarray:
    """How many of `RECALLS` are at most each recall: a search without searching."""
    near = np.minimum((recall * (len(RECALLS) - 1)).astype(np.int64), len(RECALLS) - 1)
    # The product may be rounded over or under a whole number: look at the neighbours themselves.
    above = np.minimum(near + 1, len(RECALLS) - 1)
    return near + (RECALLS[near] <= recall) + ((above > near) & (RECALLS[above] <= recall))
