"""The segmenter on a split: intersection over union by class of pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.plain_data import json_ready
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.scenes import SEGMENTS, Preprocessing, Scene, Split
from quantlab.zoo.evaluation.logits import checked_logits
from quantlab.zoo.evaluation.predictor import AnyNetwork, predictor
from quantlab.zoo.evaluation.scene_batches import scene_batches


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationScores(Report):
    """How good a segmenter is.

    Every number is counted from pixels of all the scenes together, as is usual, so that a class
    that a scene lacks does no harm there.

    Attributes
    ----------
    confusions : int64 (scenes, 9, 9)
        Pixels of each scene by true class (rows) and predicted class (columns).
    """

    confusions: np.ndarray

    @property
    def classes(self) -> Mapping[str, float]:
        """Intersection over union, 0 to 1; NaN for a class that is neither there nor predicted."""
        shares = intersection_over_union(self.confusions.sum(0))
        return dict(zip(SEGMENTS, shares.tolist(), strict=True))

    @property
    def pixels(self) -> Mapping[str, int]:
        """True pixels of each class."""
        return dict(zip(SEGMENTS, self.confusions.sum((0, 2)).tolist(), strict=True))

    @property
    def mean(self) -> float:
        """mIoU, 0 to 1."""
        return mean_iou(self.confusions)

    def slices(self, groups: Mapping[str, Any]) -> dict[str, float]:
        """mIoU of some of the scenes: name -> mIoU, from name -> bool array (scenes,).

        Raises
        ------
        ValueError
            A mask that is no bool array of that length.
        """
        found = {}
        for name, mask in groups.items():
            members = np.asarray(mask)
            if members.dtype != bool or members.shape != (len(self.confusions),):
                raise ValueError(
                    f"The slice {name!r} has dtype {members.dtype} and shape {members.shape}, but "
                    f"a mask says True or False for each of the {len(self.confusions)} scenes."
                )
            found[name] = mean_iou(self.confusions[members])
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for NaN."""
        return {
            "images": len(self.confusions),
            "numbers": {"mIoU": self.mean},
            "classes": json_ready(self.classes),
            "pixels": dict(self.pixels),
        }

    @property
    def summary(self) -> str:
        return f"mIoU {100 * self.mean:.1f} % on {len(self.confusions):,} scenes"

    def tables(self) -> tuple[Table, ...]:
        shares = {**self.classes, "mean": self.mean}
        counts = {**self.pixels, "mean": int(self.confusions.sum())}
        rows = tuple(
            {"class": name, "iou_percent": 100 * share, "pixels": counts[name]}
            for name, share in shares.items()
        )
        columns = (
            Column("class", "class"),
            Column("IoU (%)", "iou_percent", ".1f"),
            Column("pixels", "pixels", ","),
        )
        return (Table(columns, rows, strong=frozenset([len(rows) - 1])),)


def intersection_over_union(confusion: np.ndarray) -> np.ndarray:
    """Float64 (classes,) from pixels (classes, classes), true by predicted; NaN where none is.

    Examples
    --------
    >>> intersection_over_union(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])).tolist()
    [0.75, 0.8, nan]
    """
    both = np.diag(confusion)
    either = confusion.sum(0) + confusion.sum(1) - both
    return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)


def mean_iou(confusions: np.ndarray) -> float:
    """Mean over the classes that are there or predicted in these scenes; NaN without a scene."""
    shares = intersection_over_union(confusions.sum(0))
    known = shares[~np.isnan(shares)]
    return float(known.mean()) if known.size else float("nan")


def evaluate_segmenter(
    model: AnyNetwork,
    preprocessing: Preprocessing,
    split: Split | Sequence[Scene],
    *,
    progress: bool = False,
) -> SegmentationScores:
    """Which pixels a segmenter names right.

    Parameters
    ----------
    model : what `predictor` takes
        Gives logits (N, 9, H, W) for float32 (N, 3, H, W).
    preprocessing : Preprocessing
    split : Split, or sequence of Scene
        Scenes of the input's size, of a split or your own. Only their confusion matrices stay in
        memory.
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    ValueError
        Scenes of another size, logits of another shape, or NaN among them; what `predictor`
        refuses.
    """
    count = len(SEGMENTS)
    confusions = []
    for scenes, outputs in scene_batches(split, preprocessing, predictor(model), progress):
        shape = (len(scenes), count, preprocessing.height, preprocessing.width)
        predicted = checked_logits(outputs, shape).argmax(1)
        for scene, pixels in zip(scenes, predicted, strict=True):
            pairs = count * scene.mask.astype(np.int64) + pixels
            confusions.append(np.bincount(pairs.ravel(), minlength=count**2))
    return SegmentationScores(np.array(confusions).reshape(-1, count, count))
