"""Scenes a few at a time, with the network's input made of them."""

from collections.abc import Iterator

import numpy as np

from quantlab.base.progress import counting
from quantlab.scenes import Preprocessing, Scene, Split

#: Pictures that are in memory at once.
BATCH = 16


def scene_batches(
    split: Split, preprocessing: Preprocessing, progress: bool
) -> Iterator[tuple[list[Scene], np.ndarray]]:
    """Each batch of a split's scenes and the input made of it; the last batch may be smaller.

    Raises
    ------
    ValueError
        The scenes have another size than the input: boxes and masks would not lie over each other.
    """
    if (split.height, split.width) != (preprocessing.height, preprocessing.width):
        raise ValueError(
            f"The scenes are {split.width} x {split.height} pixels, but the network reads "
            f"{preprocessing.width} x {preprocessing.height}: draw them at that size, with "
            f"{type(split).__name__}({split.count}, width={preprocessing.width}, "
            f"height={preprocessing.height})."
        )
    with counting("scenes", len(split), progress) as done:
        for first in range(0, len(split), BATCH):
            scenes = [split[i] for i in range(first, min(first + BATCH, len(split)))]
            yield scenes, preprocessing.batch([scene.image for scene in scenes])
            for _ in scenes:
                done()
