"""The three tasks: a network, its pictures with what should be said of them, and a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.scenes import CLASS_NAMES, SEGMENTS, Preprocessing, Scene, Train
from quantlab.scenes.draws import Draws
from quantlab.scenes.labels import Box
from quantlab.scenes.layout import lay_out
from quantlab.scenes.object_crops import SIDE, crop
from quantlab.scenes.scene import draw
from quantlab.zoo.anchors import INPUT_SIZE
from quantlab.zoo.classifier import Classifier
from quantlab.zoo.detector import Detector, rows
from quantlab.zoo.evaluation import objects_of
from quantlab.zoo.loss import multibox_loss
from quantlab.zoo.matching import match
from quantlab.zoo.segmentation_loss import segmentation_loss
from quantlab.zoo.segmenter import Segmenter
from quantlab.zoo.train.recipe import TrainingRecipe
from quantlab.zoo.train.with_mask import STRIDE, DetectorWithMask

#: Means and standard deviations of the street's red, green and blue, from 0 to 1.
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
#: A training example: the picture, uint8 (H, W, 3), and what the loss compares with.
Example = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Task:
    """Everything that differs from network to network.

    Parameters
    ----------
    network : function of nothing
        Makes the untrained network.
    learner : function of the network
        What is trained: the network itself, or it with a head that only training needs.
    preprocessing : Preprocessing
    example : function of an index and a side in pixels
        The training example of that number at that size; the same each time.
    loss : function of the learner's output and the examples' other arrays, stacked
    recipe : TrainingRecipe
    """

    network: Callable[[], nn.Module]
    preprocessing: Preprocessing
    example: Callable[[int, int], Example]
    loss: Callable[..., Tensor]
    recipe: TrainingRecipe
    learner: Callable[[Any], nn.Module] = lambda network: network


def _full_street(index: int, side: int) -> Scene:
    """A street with more on it than others, and as much of the rare classes as of the common."""
    first = index * FEATURED
    featured = [number % len(CLASS_NAMES) for number in range(first, first + FEATURED)]
    return draw(lay_out(Train.street_seed(index), side, side, featured))


def _detection(index: int, side: int) -> Example:
    scene = _full_street(index, side)
    objects = objects_of(scene)
    cells = scene.mask[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    return scene.image, *match(objects.boxes, objects.classes, side), cells.astype(np.int64)


def detection_loss(output: tuple[Tensor, ...], classes: Tensor, offsets: Tensor) -> Tensor:
    """Both parts of the MultiBox loss of a detector's twelve outputs."""
    loss = multibox_loss(*rows(output), classes, offsets)
    return loss.classes + loss.boxes


def _detection_and_mask_loss(
    output: tuple[Tensor, ...], classes: Tensor, offsets: Tensor, cells: Tensor
) -> Tensor:
    *boxes, mask = output
    return detection_loss(tuple(boxes), classes, offsets) + segmentation_loss(mask, cells)


def _classification(index: int, _: int) -> Example:
    """A crop has one size."""
    label = index % len(CLASS_NAMES)
    return crop(Train.crop_seed(index), label), np.array(label)


def _segmentation(index: int, side: int) -> Example:
    """A window of a street, around a point of one of its objects: the rare classes are small, and
    a smaller picture of the whole street would make them smaller still.
    """
    scene = _full_street(index, INPUT_SIZE)
    draws = Draws(index)
    box = draws.one_of(scene.boxes or (Box(0, 0, 0, INPUT_SIZE, INPUT_SIZE),))
    left = window_start(box.left, box.width, side, draws)
    top = window_start(box.top, box.height, side, draws)
    window = np.s_[top : top + side, left : left + side]
    return scene.image[window], scene.mask[window].astype(np.int64)


def window_start(start: float, length: float, side: int, draws: Draws) -> int:
    """Where `side` pixels begin that hold a point of an object of this start and length."""
    begin = int(start + length * draws.between(0, 1) - side * draws.between(0, 1))
    return min(max(begin, 0), INPUT_SIZE - side)


def _pixels(side: int) -> Preprocessing:
    return Preprocessing(side, side, mean=MEAN, std=STD)


#: Objects that are placed on a training street before its own, class after class.
FEATURED = 6
#: How much more a pixel of a rare class weighs in the segmenter's loss, see `segmentation_loss`.
RARITY = 0.5

TASKS = {
    "classifier": Task(
        lambda: Classifier(len(CLASS_NAMES)),
        _pixels(SIDE),
        _classification,
        F.cross_entropy,
        TrainingRecipe(
            pictures=64_000,
            batch=128,
            learning_rate=4e-3,
            sides=(SIDE,),
            warm_up=50,
            averaging=0.99,
        ),
    ),
    "segmenter": Task(
        lambda: Segmenter(len(SEGMENTS)),
        _pixels(INPUT_SIZE),
        _segmentation,
        partial(segmentation_loss, rarity=RARITY),
        TrainingRecipe(
            pictures=96_000,
            batch=8,
            learning_rate=3e-3,
            sides=(*[128] * 8, 192, 192, INPUT_SIZE),
        ),
    ),
    "detector": Task(
        lambda: Detector(len(CLASS_NAMES)),
        _pixels(INPUT_SIZE),
        _detection,
        _detection_and_mask_loss,
        TrainingRecipe(
            pictures=96_000,
            batch=8,
            learning_rate=1e-3,
            sides=(192, 192, 256, INPUT_SIZE, 192, 256, 256, INPUT_SIZE),
            cycles=2,
            outlier=20.0,
        ),
        DetectorWithMask,
    ),
}
