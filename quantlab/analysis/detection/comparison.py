"""What a change cost a detector: the drop of mAP with its interval, and where to look."""

from __future__ import annotations

from typing import Any

import numpy as np

from quantlab.analysis.bootstrap import paired_bootstrap
from quantlab.analysis.detection.average_precision import mean_average_precision
from quantlab.analysis.detection.scores import DetectionScores
from quantlab.analysis.drop import Drop
from quantlab.analysis.slices import GroupTable, by_group

#: The standard error of a 95 % percentile from 1,000 resamples is a few hundredths of the
#: interval's width, and each resample counts two mAPs.
RESAMPLES = 1_000


def map_drop(
    before: DetectionScores,
    after: DetectionScores,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> Drop:
    """The drop of mAP, 0 to 1, with a paired bootstrap interval over images.

    Whole images are drawn with both detectors' matches; the interval is the percentiles'.

    Parameters
    ----------
    before, after : DetectionScores
        Of the same images, in the same order.
    resamples, confidence, seed
        As in `paired_bootstrap`.

    Raises
    ------
    ValueError
        Other images; as `paired_bootstrap`.
    """
    check_same_truth(before, after)
    return paired_bootstrap(
        before.matches,
        after.matches,
        mean_average_precision,
        resamples=resamples,
        confidence=confidence,
        method="percentile",
        seed=seed,
    )


def map_drops(
    before: DetectionScores,
    after: DetectionScores,
    groups: Any,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> GroupTable:
    """The drop of mAP in each slice, beside the drop over all images.

    `groups` is a mapping of name to bool array (images,), or one label an image; all else as in
    `map_drop`.
    """
    check_same_truth(before, after)
    return by_group(
        before.matches,
        after.matches,
        groups,
        mean_average_precision,
        resamples=resamples,
        confidence=confidence,
        method="percentile",
        seed=seed,
    )


def most_changed(before: DetectionScores, after: DetectionScores, count: int = 4) -> np.ndarray:
    """The images to look at: those that lost the most objects, int64 (count,), the worst first.

    An object counts as lost by the share of COCO's ten overlaps at which only `before` found it,
    so that a box that has slipped counts a little.

    Raises
    ------
    ValueError
        Other images; a count below 1.
    """
    check_same_truth(before, after)
    if count < 1:
        raise ValueError(f"count is {count}, but at least one image is looked at: pass 1 or more.")
    lost = _hits(before) - _hits(after)
    return np.argsort(-lost, kind="stable")[:count]


def _hits(scores: DetectionScores) -> np.ndarray:
    """Objects found in each image, averaged over the overlaps, float64 (images,)."""
    hits = np.zeros(scores.matches.images)
    for each in scores.matches.by_area["all"]:
        hits += np.bincount(each.image, each.hit.mean(axis=0), minlength=len(hits))
    return hits


def check_same_truth(before: DetectionScores, after: DetectionScores) -> None:
    """Refuse two detectors that were judged on different images."""
    pair = before.matches, after.matches
    alike = (
        pair[0].images == pair[1].images
        and pair[0].names == pair[1].names
        and all(
            np.array_equal(a.objects, b.objects)
            for a, b in zip(*(m.by_area["all"] for m in pair), strict=True)
        )
    )
    if not alike:
        raise ValueError(
            f"before was judged on {pair[0].images} images and after on {pair[1].images}, and "
            "their objects or classes differ: evaluate both detectors on the same images, in one "
            "order."
        )
