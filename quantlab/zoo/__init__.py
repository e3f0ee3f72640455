"""Models worth quantizing, and what stands before and behind the detector's graph.

`load(".detector")` gives a trained one. Anchors, matching, decoding and suppression need numpy
alone; networks, loss and evaluation load torch when they are first asked for.
"""

from typing import TYPE_CHECKING

from quantlab.base.lazy import lazy_names
from quantlab.zoo.anchors import anchors
from quantlab.zoo.detections import Detections, detect
from quantlab.zoo.matching import Targets, match

if TYPE_CHECKING:
    from quantlab.zoo.classifier import Classifier
    from quantlab.zoo.detector import Detector
    from quantlab.zoo.evaluation import (
        evaluate_classifier,
        evaluate_detector,
        evaluate_segmenter,
        predictor,
        slice_masks,
    )
    from quantlab.zoo.loss import MultiBoxLoss, multibox_loss
    from quantlab.zoo.pretrained import load
    from quantlab.zoo.segmenter import Segmenter
    from quantlab.zoo.weights import load_weights, save_weights

_EVALUATION = (
    "evaluate_classifier",
    "evaluate_detector",
    "evaluate_segmenter",
    "predictor",
    "slice_masks",
)
# Public name -> the module that is loaded when the name is first used.
_HOMES = {
    "Classifier": ".classifier",
    "Detector": ".detector",
    "Segmenter": ".segmenter",
    "load": ".pretrained",
    **dict.fromkeys(_EVALUATION, ".evaluation"),
    **dict.fromkeys(("MultiBoxLoss", "multibox_loss"), ".loss"),
    **dict.fromkeys(("load_weights", "save_weights"), ".weights"),
}

__all__ = [
    "Classifier",
    "Detections",
    "Detector",
    "MultiBoxLoss",
    "Segmenter",
    "Targets",
    "anchors",
    "detect",
    "evaluate_classifier",
    "evaluate_detector",
    "evaluate_segmenter",
    "load",
    "load_weights",
    "match",
    "multibox_loss",
    "predictor",
    "save_weights",
    "slice_masks",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
