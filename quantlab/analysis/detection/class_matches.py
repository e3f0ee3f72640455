"""What became of each detection of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Overlaps at which a detection counts as a hit, COCO's ten.
OVERLAPS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, eq=False)
class ClassMatches:
    """Detections of one class over all images, the surest first, for one range of areas.

    Attributes
    ----------
    image : int64 (D,)
        Where each was found.
    rank : int64 (D,)
        0 for the surest of its image and class, 1 for the next.
    hit : bool (10, D)
        Whether it found an object, at each of `OVERLAPS`.
    ignored : bool (10, D)
        Whether it counts neither for nor against: a crowd, or an object of another size.
    objects : int64 (images,)
        Objects that are there to be found, in each image.
    """

    image: np.ndarray
    rank: np.ndarray
    hit: np.ndarray
    ignored: np.ndarray
    objects: np.ndarray

    def first(self, most: int) -> ClassMatches:
        """Without what comes after the `most` surest of an image."""
        kept = self.rank < most
        return ClassMatches(
            self.image[kept],
            self.rank[kept],
            self.hit[:, kept],
            self.ignored[:, kept],
            self.objects,
        )
