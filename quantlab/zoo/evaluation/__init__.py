"""How good a network of the zoo is on a split: any runtime's, since a network is a function here.

Each `evaluate_...` takes a torch module, a QuantizedModel, an .onnx file, a session of ONNX Runtime
or a function; `predictor` makes the one kind of function of them that is called.
"""

from quantlab.zoo.evaluation.classification import ClassificationScores, evaluate_classifier
from quantlab.zoo.evaluation.detection import evaluate_detector, objects_of
from quantlab.zoo.evaluation.predictor import Predictor, predictor
from quantlab.zoo.evaluation.segmentation import SegmentationScores, evaluate_segmenter
from quantlab.zoo.evaluation.slice_masks import slice_masks

__all__ = [
    "ClassificationScores",
    "Predictor",
    "SegmentationScores",
    "evaluate_classifier",
    "evaluate_detector",
    "evaluate_segmenter",
    "objects_of",
    "predictor",
    "slice_masks",
]
