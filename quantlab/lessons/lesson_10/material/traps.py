"""Traps of a detector: scores that have shifted, and one ruler for boxes and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantlab.analysis.detection import evaluate_detections
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_10.material.looking import Judged
from quantlab.numerics import QParams, dequantize, quantize
from quantlab.scenes import CLASS_NAMES
from quantlab.zoo.anchors import INPUT_SIZE

#: Scores, whether each is right, and how many objects there are.
Shown = tuple[np.ndarray, np.ndarray, int]


def shown_on(both: Judged) -> dict[str, Shown]:
    """Of both models: scores of all detections, whether each found an object, objects in all.

    Right is what overlaps an object of its class by half, by COCO's matching.
    """
    return {name: _shown(both, name) for name in both.found}


def thresholds_table(
    tuned: Mapping[str, float], judged_on: Mapping[str, Shown], before: float
) -> Listing:
    """F1 on other scenes: with FP32's threshold in both models, and with each model's own."""
    rows = tuple(
        {
            "model": name,
            "shared": 100 * f1(*judged_on[name], tuned["FP32"]),
            "own": 100 * f1(*judged_on[name], tuned[name]),
            "threshold": tuned[name],
            "default": 100 * f1(*judged_on[name], before),
        }
        for name in judged_on
    )
    columns = (
        Column("model", "model"),
        Column("own threshold", "threshold", ".3f"),
        Column(f"F1 at {before:g}", "default", ".1f"),
        Column("F1 at FP32's", "shared", ".1f"),
        Column("F1 at its own", "own", ".1f"),
    )
    return Listing("One threshold, or each its own", Table(columns, rows))


def f1(scores: np.ndarray, right: np.ndarray, objects: int, threshold: float) -> float:
    """2 · hits / (shown + objects), 0 to 1."""
    shown = scores >= threshold
    return float(2 * right[shown].sum() / (shown.sum() + objects))


def one_ruler_scores(both: Judged) -> Listing:
    """mAP of FP32's own detections after they went through UINT8 at the very end.

    In one tensor, so that boxes and scores share a ruler up to the picture's size; and in two
    tensors with a ruler each. A score that came back as 0 is no detection.
    """
    small = QParams(1 / 255, 0, "uint8")
    ways = {
        "FP32, decoded": (None, None),
        **{
            f"one ruler, up to {side} pixels": (_up_to(side), _up_to(side))
            for side in (INPUT_SIZE, 2 * INPUT_SIZE)
        },
        "a ruler for boxes, a ruler for scores": (_up_to(INPUT_SIZE), small),
    }
    rows = tuple(
        {"way": way, "map": 100 * _rounded(both, *rulers).numbers["AP"]}
        for way, rulers in ways.items()
    )
    columns = (Column("after decoding", "way"), Column("mAP", "map", ".1f"))
    return Listing("The end of the graph in UINT8", Table(columns, rows))


def _up_to(side: float) -> QParams:
    return QParams(side / 255, 0, "uint8")


def _rounded(both: Judged, for_boxes: QParams | None, for_scores: QParams | None) -> Any:
    found = []
    for boxes, scores, classes in both.found["FP32"]:
        back = _through(scores, for_scores)
        kept = back > 0
        found.append((_through(boxes, for_boxes)[kept], back[kept], classes[kept]))
    return evaluate_detections(both.truth, found, CLASS_NAMES)


def _through(values: np.ndarray, ruler: QParams | None) -> np.ndarray:
    if ruler is None:
        return values
    return np.asarray(dequantize(quantize(values.astype(np.float32), ruler), ruler))


def _shown(both: Judged, name: str) -> Shown:
    scores, right = [], []
    matches = both.scores[name].matches
    for kind, each in enumerate(matches.by_area["all"]):
        mine = [_surest(found, kind) for found in both.found[name]]
        scores += [mine[image][rank] for image, rank in zip(each.image, each.rank, strict=True)]
        right += list(each.hit[0])
    objects = sum(both.scores[name].objects.values())
    return np.array(scores), np.array(right, bool), objects


def _surest(found: Any, kind: int) -> np.ndarray:
    """Scores of one class in one scene, the surest first."""
    return np.sort(found.scores[found.classes == kind])[::-1]
