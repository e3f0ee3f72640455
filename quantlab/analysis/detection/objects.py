"""What is in an image and what was found in it: plain arrays, looked at before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Objects(NamedTuple):
    """The objects of one image.

    boxes : float array (n, 4)
        Corners x0, y0, x1, y1 in pixels, x0 < x1 and y0 < y1. n may be 0.
    classes : integer array (n,)
        0 and up.
    crowd : bool array (n,), optional
        True for a region of many objects: what is found in it counts neither for nor against.
    areas : float array (n,), optional
        Square pixels of the object itself, which decide between small, medium and large. Left out,
        those of its box.
    """

    boxes: Any
    classes: Any
    crowd: Any = None
    areas: Any = None


class Found(NamedTuple):
    """What a detector found in one image, checked: float64 boxes, float64 scores, int64 classes."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def checked_objects(truth: Sequence[Any], class_count: int) -> list[Objects]:
    """`truth` with every field an array, or a sentence why not."""
    if len(truth) == 0:
        raise ValueError("there are no images, but a detector is judged on some: pass their truth.")
    checked = [_objects(image, each, class_count) for image, each in enumerate(truth)]
    if not any((~each.crowd).any() for each in checked):
        raise ValueError(
            f"the {len(truth)} images hold no object that counts, so that there is nothing to "
            "find: pass images with objects that are not crowds."
        )
    return checked


def checked_found(found: Sequence[Any], images: int, class_count: int) -> list[Found]:
    """`found` with every field an array, or a sentence why not."""
    if len(found) != images:
        raise ValueError(
            f"there are {images} images with truth and {len(found)} with detections, but each "
            "image needs both: pass empty arrays where nothing was found."
        )
    return [_found(image, each, class_count) for image, each in enumerate(found)]


def _objects(image: int, given: Any, class_count: int) -> Objects:
    given = Objects(*given)
    name = f"the truth of image {image}"
    boxes = _boxes(given.boxes, name)
    count = len(boxes)
    flat = ~(boxes[:, 2:] > boxes[:, :2]).all(1)
    if flat.any():
        raise ValueError(
            f"{name} has the box {boxes[flat][0].tolist()}, but x0 < x1 and y0 < y1 are needed: "
            "write corners, not width and height, and leave objects without area out."
        )
    areas = boxes_areas(boxes) if given.areas is None else np.asarray(given.areas, np.float64)
    crowd = np.zeros(count, bool) if given.crowd is None else np.asarray(given.crowd)
    if areas.shape != (count,) or crowd.shape != (count,) or crowd.dtype != bool:
        raise ValueError(
            f"{name} has {count} boxes, areas of shape {areas.shape} and crowd of shape "
            f"{crowd.shape} and dtype {crowd.dtype}: give one area and one bool an object, or "
            "leave them out."
        )
    return Objects(boxes, _classes(given.classes, count, name, class_count), crowd, areas)


def _found(image: int, given: Any, class_count: int) -> Found:
    name = f"what was found in image {image}"
    try:
        given_boxes, given_scores, given_classes = given
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is a {type(given).__name__}, but three arrays are needed: boxes, scores, "
            "classes."
        ) from None
    boxes = _boxes(given_boxes, name)
    if not (boxes[:, 2:] >= boxes[:, :2]).all():
        raise ValueError(
            f"{name} has a box whose x1 or y1 is below x0 or y0: write corners, not width and "
            "height."
        )
    scores = np.asarray(given_scores, np.float64)
    if scores.shape != (len(boxes),) or not np.isfinite(scores).all():
        raise ValueError(
            f"{name} has {len(boxes)} boxes and scores of shape {scores.shape}, but one finite "
            "score a box is needed."
        )
    return Found(boxes, scores, _classes(given_classes, len(boxes), name, class_count))


def boxes_areas(boxes: np.ndarray) -> np.ndarray:
    """Square pixels of (n, 4) corners, float64 (n,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _boxes(given: Any, name: str) -> np.ndarray:
    boxes = np.asarray(given, np.float64)
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(
            f"{name} has boxes of shape {boxes.shape}, but finite corners (n, 4) are needed: "
            "one row x0, y0, x1, y1 a box."
        )
    return boxes


def _classes(given: Any, count: int, name: str, class_count: int) -> np.ndarray:
    classes = np.asarray(given)
    if count == 0 and classes.size == 0:
        return np.zeros(0, np.int64)
    if classes.shape != (count,) or classes.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has {count} boxes and classes of shape {classes.shape} and dtype "
            f"{classes.dtype}: give one integer a box."
        )
    if classes.min() < 0 or classes.max() >= class_count:
        raise ValueError(
            f"{name} has classes from {classes.min()} to {classes.max()}, but {class_count} "
            f"names are given: classes are 0 to {class_count - 1}."
        )
    return classes.astype(np.int64)
