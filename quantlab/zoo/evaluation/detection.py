"""The detector on a split: COCO's numbers."""

from collections.abc import Sequence

import numpy as np

from quantlab.analysis.detection import DetectionScores, Objects, evaluate_detections
from quantlab.scenes import CLASS_NAMES, Preprocessing, Scene, Split
from quantlab.zoo.detections import Detections, detect
from quantlab.zoo.evaluation.predictor import AnyNetwork, predictor
from quantlab.zoo.evaluation.scene_batches import scene_batches


def evaluate_detector(
    model: AnyNetwork,
    preprocessing: Preprocessing,
    split: Split | Sequence[Scene],
    *,
    progress: bool = False,
) -> DetectionScores:
    """Decode, suppress and judge what a detector finds, as COCO does.

    Parameters
    ----------
    model : what `predictor` takes
        Gives the twelve arrays of `Detector` for float32 (N, 3, 320, 320).
    preprocessing : Preprocessing
        What the input is made with.
    split : Split, or sequence of Scene
        Scenes of 320×320, of a split or your own. Only their boxes stay in memory.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    DetectionScores
        `scores.slices(slice_masks(split))` is AP by slice.

    Raises
    ------
    ValueError
        Scenes of another size, outputs that are not the detector's, a split without objects; what
        `predictor` refuses.
    """
    truth: list[Objects] = []
    found: list[Detections] = []
    for scenes, outputs in scene_batches(split, preprocessing, predictor(model), progress):
        found += detect(outputs)
        truth += [objects_of(scene) for scene in scenes]
    return evaluate_detections(truth, found, CLASS_NAMES)


def objects_of(scene: Scene) -> Objects:
    """A scene's labels as `evaluate_detections` reads them: corners in pixels, class numbers."""
    corners = [(b.left, b.top, b.left + b.width, b.top + b.height) for b in scene.boxes]
    labels = [b.label for b in scene.boxes]
    return Objects(np.array(corners, np.float64).reshape(-1, 4), np.array(labels, np.int64))
