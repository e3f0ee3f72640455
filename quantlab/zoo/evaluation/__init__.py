"""How good a network of the zoo is on a split: any runtime's, since a network is a function here.

`predict` takes a preprocessed batch, float32, and returns what the network returns, as numpy
arrays: `in_numpy(module)` makes one of a torch module; for a session of ONNX Runtime it is
`lambda x: session.run(None, {"input": x})`, with `[0]` behind it for a network with one output.
"""

from quantlab.zoo.evaluation.classification import ClassificationScores, evaluate_classifier
from quantlab.zoo.evaluation.detection import evaluate_detector, objects_of
from quantlab.zoo.evaluation.predict import in_numpy
from quantlab.zoo.evaluation.segmentation import SegmentationScores, evaluate_segmenter
from quantlab.zoo.evaluation.slice_masks import slice_masks

__all__ = [
    "ClassificationScores",
    "SegmentationScores",
    "evaluate_classifier",
    "evaluate_detector",
    "evaluate_segmenter",
    "in_numpy",
    "objects_of",
    "slice_masks",
]
