"""The classifier on crops: top-1 accuracy, over all and by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.plain_data import json_ready
from quantlab.base.progress import counting
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.scenes import CLASS_NAMES, Crops, Preprocessing
from quantlab.zoo.evaluation.logits import checked_logits
from quantlab.zoo.evaluation.predictor import AnyNetwork, predictor
from quantlab.zoo.evaluation.scene_batches import input_of

#: Crops that are preprocessed and run at once.
BATCH = 64


@dataclass(frozen=True, eq=False, repr=False)
class ClassificationScores(Report):
    """How good a classifier is.

    Crops have no slices: each is cut from a street of its own, and its label is all that is known.

    Attributes
    ----------
    labels, predicted : int64 (N,)
        Class numbers.
    """

    labels: np.ndarray
    predicted: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """Bool (N,): what a paired test of two classifiers reads."""
        return self.labels == self.predicted

    @property
    def top1(self) -> float:
        """Share of crops that are named right, 0 to 1."""
        return float(self.correct.mean())

    @property
    def classes(self) -> Mapping[str, float]:
        """The same among the crops of each class; NaN for a class without a crop."""
        counts = np.bincount(self.labels, minlength=len(CLASS_NAMES))
        right = np.bincount(self.labels[self.correct], minlength=len(CLASS_NAMES))
        shares = np.divide(right, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return dict(zip(CLASS_NAMES, shares.tolist(), strict=True))

    @property
    def objects(self) -> Mapping[str, int]:
        """Crops of each class."""
        counts = np.bincount(self.labels, minlength=len(CLASS_NAMES))
        return dict(zip(CLASS_NAMES, counts.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for NaN."""
        return {
            "images": len(self.labels),
            "numbers": {"top1": self.top1},
            "classes": json_ready(self.classes),
            "objects": dict(self.objects),
        }

    @property
    def summary(self) -> str:
        return f"top-1 {100 * self.top1:.1f} % of {len(self.labels):,} crops"

    def tables(self) -> tuple[Table, ...]:
        shares = {**self.classes, "all": self.top1}
        counts = {**self.objects, "all": len(self.labels)}
        rows = tuple(
            {"class": name, "top1_percent": 100 * share, "crops": counts[name]}
            for name, share in shares.items()
        )
        columns = (
            Column("class", "class"),
            Column("top-1 (%)", "top1_percent", ".1f"),
            Column("crops", "crops", ","),
        )
        return (Table(columns, rows, strong=frozenset([len(rows) - 1])),)


def evaluate_classifier(
    model: AnyNetwork,
    preprocessing: Preprocessing,
    crops: Crops,
    *,
    progress: bool = False,
) -> ClassificationScores:
    """Which crops a classifier names right.

    Parameters
    ----------
    model : what `predictor` takes
        Gives logits (N, 10) for float32 (N, 3, 32, 32).
    preprocessing : Preprocessing
    crops : Crops
        Of a split, or of your own arrays: `Crops(images, labels)`.
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    ValueError
        Logits of another shape, or NaN among them; what `predictor` refuses.
    """
    predict = predictor(model)
    predicted = []
    with counting("crops", len(crops.labels), progress) as done:
        for first in range(0, len(crops.images), BATCH):
            x = input_of(list(crops.images[first : first + BATCH]), preprocessing, predict)
            logits = checked_logits(predict(x), (len(x), len(CLASS_NAMES)))
            predicted.append(logits.argmax(1))
            for _ in x:
                done()
    return ClassificationScores(crops.labels, np.concatenate(predicted).astype(np.int64))
