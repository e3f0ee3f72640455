"""The pictures of lesson 08, drawn once: few, so that a learner does not wait."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from quantlab.base.progress import counting
from quantlab.scenes import Calibration, Crops, Preprocessing, Test, Train, Validation, crops
from quantlab.zoo import evaluate_classifier, load
from quantlab.zoo.evaluation.classification import ClassificationScores

#: Crops a class, of ten classes: for the rulers, to train with, to watch, to judge by.
CALIBRATION, TRAIN, VALIDATION, TEST = 13, 100, 20, 50
BATCH = 50


def preprocessing() -> Preprocessing:
    """That of the shipped classifier."""
    found = load("classifier").preprocessing
    assert isinstance(found, Preprocessing), "every shipped model has its own"
    return found


@cache
def calibration_batches() -> tuple[np.ndarray, ...]:
    """What the rulers of activations are measured on, float32 (n, 3, 32, 32)."""
    return tuple(np.asarray(b) for b in crops(Calibration, CALIBRATION).batches(preprocessing()))


@cache
def _validation_crops() -> Crops:
    return crops(Validation, VALIDATION)


@cache
def test_crops() -> Crops:
    """What every model of the lesson is judged by."""
    return crops(Test, TEST)


@cache
def training_batches() -> tuple[tuple[Tensor, Tensor], ...]:
    """Images float32 (50, 3, 32, 32) and labels int64 (50,); balanced, because classes take turns.

    Drawing them takes seconds, so that a bar shows how far it is.
    """
    batches: list[tuple[Tensor, Tensor]] = []
    with counting("drawing", 2, shown=True) as done:
        drawn = crops(Train, TRAIN)
        done("prepare")
        labels = torch.as_tensor(drawn.labels)
        for k, images in enumerate(drawn.batches(preprocessing(), BATCH)):
            first = k * BATCH
            batches.append((torch.as_tensor(np.asarray(images)), labels[first : first + BATCH]))
        done("")
    return tuple(batches)


def watched(model: object) -> float:
    """Top-1 on validation crops: what a curve shows and choices are made by. A share of 1."""
    return _scored(model, _validation_crops()).top1


def right(model: object) -> np.ndarray:
    """Which test crops a network names right, bool (n,)."""
    return _scored(model, test_crops()).correct


def _scored(model: object, data: Crops) -> ClassificationScores:
    return evaluate_classifier(model, preprocessing(), data)
