"""How good a detector is, in COCO's numbers, and what a change cost it.

Matching is done once, by pycocotools; every number, slice and bootstrap is counted from it.
"""

from quantlab.analysis.detection.average_precision import mean_average_precision
from quantlab.analysis.detection.comparison import map_drop, map_drops, most_changed
from quantlab.analysis.detection.figure import compare_boxes
from quantlab.analysis.detection.matches import Matches
from quantlab.analysis.detection.objects import Objects
from quantlab.analysis.detection.scores import DetectionScores, evaluate_detections

__all__ = [
    "DetectionScores",
    "Matches",
    "Objects",
    "compare_boxes",
    "evaluate_detections",
    "map_drop",
    "map_drops",
    "mean_average_precision",
    "most_changed",
]
