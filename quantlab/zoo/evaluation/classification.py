"""The classifier on crops: top-1 accuracy, over all and by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.progress import counting
from quantlab.scenes import CLASS_NAMES, Crops, Preprocessing
from quantlab.zoo.evaluation.logits import checked_logits
from quantlab.zoo.evaluation.predictor import AnyNetwork, predictor
from quantlab.zoo.evaluation.scene_batches import input_of

#: Crops that are preprocessed and run at once.
BATCH = 64


@dataclass(frozen=True, eq=False)
class ClassificationScores:
    """How good a classifier is. Prints as a table.

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
        classes = {n: None if np.isnan(v) else v for n, v in self.classes.items()}
        return {
            "images": len(self.labels),
            "numbers": {"top1": self.top1},
            "classes": classes,
            "objects": dict(self.objects),
        }

    def __str__(self) -> str:
        wide = max(map(len, CLASS_NAMES))
        lines = [f"{'class':<{wide}}{'top-1 %':>9}{'crops':>8}"]
        rows = [*self.classes.items(), ("all", self.top1)]
        counts = [*self.objects.values(), len(self.labels)]
        for (name, share), count in zip(rows, counts, strict=True):
            text = "–" if np.isnan(share) else f"{100 * share:.1f}"
            lines.append(f"{name:<{wide}}{text:>9}{count:>8,}")
        return "\n".join(lines)


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
