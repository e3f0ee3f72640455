"""Every observer on the classifier and on the detector: kept, because it takes some minutes."""

from __future__ import annotations

from typing import Any

from quantlab.lessons.lesson_04.material.classifier_trials import ClassifierTrials, Top1
from quantlab.lessons.lesson_04.material.detector_trials import (
    OF_SLICE,
    DetectorTrials,
    Losses,
    Lost,
)
from quantlab.lessons.lesson_04.material.observers import OBSERVERS
from quantlab.scenes import Calibration
from quantlab.teach.kept import kept_path, read_kept

KEPT = kept_path(__file__)
DTYPES = ("uint8", "uint4", "uint3")
CROPS_OF_A_CLASS, SCENES, CALIBRATION_SCENES = 30, 100, 16


def measure() -> dict[str, Any]:
    """What `kept.yaml` holds, measured again in some minutes, in points of 100.

    The seeds are those of the splits: `Calibration(16)` and `Test(100)` are the same scenes on
    every machine, and so are the crops.
    """
    return {"classifier": measure_classifier(), "detector": measure_detector()}


def measure_classifier() -> dict[str, Any]:
    """Top-1 of every observer, after 200 calibration crops."""
    trials = ClassifierTrials(CROPS_OF_A_CLASS)
    top1 = trials.compare(DTYPES, trials.batches)
    found = {name: {d: _rounded(v) for d, v in row.items()} for name, row in top1.found}
    return {"crops": top1.crops, "FP32": _rounded(top1.before), "top-1": found}


def measure_detector() -> dict[str, Any]:
    """Points of mAP that every observer loses in 8 bits, after 16 mixed calibration scenes."""
    trials, mixed = DetectorTrials(SCENES), Calibration(CALIBRATION_SCENES)
    losses = [trials.lost(rule, mixed) for rule in OBSERVERS]
    return {
        "scenes": SCENES,
        "of each slice": OF_SLICE,
        "calibrated on": losses[0].scenes,
        "FP32": {name: _rounded(value) for name, value in trials.before.items()},
        "lost": {x.observer: {s: _rounded(v / 100) for s, v in x.points.items()} for x in losses},
    }


def kept() -> dict[str, Any]:
    """What `measure` found, from `kept.yaml`."""
    return read_kept(KEPT)


def kept_classifier() -> Top1:
    """Every observer on the classifier, with activations of 8, 4 and 3 bits."""
    found = kept()["classifier"]
    by_observer = {
        name: {dtype: v / 100 for dtype, v in row.items()} for name, row in found["top-1"].items()
    }
    return Top1(found["FP32"] / 100, found["crops"], tuple(by_observer.items()))


def kept_detector() -> Losses:
    """Every observer on the detector in 8 bits, calibrated on 16 mixed scenes."""
    found = kept()["detector"]
    lost = tuple(Lost(name, found["calibrated on"], row) for name, row in found["lost"].items())
    return Losses(
        {name: v / 100 for name, v in found["FP32"].items()},
        found["scenes"],
        found["of each slice"],
        lost,
    )


def _rounded(share: float) -> float:
    return round(100 * share, 1)
