"""Scenes a few at a time, with the network's input made of them."""

from collections.abc import Iterator, Sequence

import numpy as np

from quantlab.base.progress import counting
from quantlab.scenes import Preprocessing, Scene, Split
from quantlab.zoo.evaluation.predictor import Predictor

#: Pictures that are in memory at once.
BATCH = 16


def input_of(
    pictures: Sequence[np.ndarray], preprocessing: Preprocessing, predict: Predictor
) -> np.ndarray:
    """One batch as the network takes it: preprocessed, or the pictures themselves."""
    return np.stack(pictures) if predict.takes_pictures else preprocessing.batch(pictures)


def scene_batches(
    scenes: Split | Sequence[Scene],
    preprocessing: Preprocessing,
    predict: Predictor,
    progress: bool,
) -> Iterator[tuple[list[Scene], tuple[np.ndarray, ...]]]:
    """Each batch of scenes and what the network gives for it; the last batch may be smaller.

    Raises
    ------
    ValueError
        There are no scenes, or they have another size than the input: boxes and masks would not
        lie over each other.
    """
    if not len(scenes):
        raise ValueError("There is no scene, but a network is judged on at least one.")
    if isinstance(scenes, Split):
        _check_size(scenes, scenes.height, scenes.width, preprocessing)
    with counting("scenes", len(scenes), progress) as done:
        for first in range(0, len(scenes), BATCH):
            batch = [scenes[i] for i in range(first, min(first + BATCH, len(scenes)))]
            for scene in batch:
                height, width, _ = scene.image.shape
                _check_size(scenes, height, width, preprocessing)
            yield batch, predict(input_of([s.image for s in batch], preprocessing, predict))
            for _ in batch:
                done()


def _check_size(
    scenes: Split | Sequence[Scene], height: int, width: int, preprocessing: Preprocessing
) -> None:
    if (height, width) != (preprocessing.height, preprocessing.width):
        todo = "bring pictures and labels to that size"
        if isinstance(scenes, Split):
            todo = (
                f"draw them at that size, with {type(scenes).__name__}({scenes.count}, "
                f"width={preprocessing.width}, height={preprocessing.height})"
            )
        raise ValueError(
            f"The scenes are {width} x {height} pixels, but the network reads "
            f"{preprocessing.width} x {preprocessing.height}: {todo}."
        )
