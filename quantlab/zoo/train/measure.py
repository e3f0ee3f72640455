"""How good a trained network is on the test split, as plain data."""

from typing import Any

import numpy as np
from torch import nn

from quantlab.analysis.detection import DetectionScores
from quantlab.scenes import CLASS_NAMES, Preprocessing, Test, crops
from quantlab.zoo.evaluation import (
    evaluate_classifier,
    evaluate_detector,
    evaluate_segmenter,
    slice_masks,
)

#: Scenes of the test split; of the classifier crops, as many of each class.
TEST_PICTURES = {"classifier": 2_000, "segmenter": 1_000, "detector": 1_000}


def measure(
    name: str, model: nn.Module, preprocessing: Preprocessing, pictures: int
) -> dict[str, Any]:
    """The network's scores on the first `pictures` of the test split.

    Parameters
    ----------
    name : str
        "classifier", "segmenter" or "detector".
    model : torch.nn.Module
        In eval mode, on the CPU.
    preprocessing : Preprocessing
    pictures : int
        Scenes; for the classifier crops, a multiple of its ten classes.

    Returns
    -------
    dict
        "images", "numbers", "classes" and "objects" or "pixels" as the scores' `to_dict` says, and
        "slices": name -> {"score", "scenes", and for the detector "objects"}. None for NaN.
    """
    if name == "classifier":
        each = crops(Test, pictures // len(CLASS_NAMES))
        scores = evaluate_classifier(model, preprocessing, each, progress=True)
        return {**scores.to_dict(), "slices": {}}
    split = Test(pictures, width=preprocessing.width, height=preprocessing.height)
    evaluate = evaluate_detector if name == "detector" else evaluate_segmenter
    found = evaluate(model, preprocessing, split, progress=True)
    masks = slice_masks(split)
    slices: dict[str, dict[str, Any]] = {
        slice_name: {"score": None if np.isnan(score) else score, "scenes": int(mask.sum())}
        for (slice_name, score), mask in zip(
            found.slices(masks).items(), masks.values(), strict=True
        )
    }
    if isinstance(found, DetectionScores):
        counts = np.sum([each.objects for each in found.matches.by_area["all"]], axis=0)
        for slice_name, mask in masks.items():
            slices[slice_name]["objects"] = int(counts[mask].sum())
    return {**found.to_dict(), "slices": slices}
