"""Which detection found which object: pycocotools decides, once for each image.

Source: Lin et al., "Microsoft COCO: Common Objects in Context" (2014), and its evaluation code.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quantlab.analysis.detection.class_matches import OVERLAPS, ClassMatches
from quantlab.analysis.detection.curve import Curve
from quantlab.analysis.detection.objects import Found, Objects, boxes_areas

#: Names of COCO's ranges of an object's area, in its order: under 32², under 96², larger pixels.
AREAS = ("all", "small", "medium", "large")
#: COCO looks at no more detections of a class in an image.
MOST = 100


@dataclass(frozen=True, eq=False)
class Matches:
    """All that COCO's numbers need of a detector on some images.

    Attributes
    ----------
    images : int
    names : tuple of str
        The classes.
    by_area : mapping of "all", "small", "medium", "large" to one ClassMatches a class
    """

    images: int
    names: tuple[str, ...]
    by_area: dict[str, tuple[ClassMatches, ...]]

    def __len__(self) -> int:
        return self.images

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """One curve a class, for objects of all sizes."""
        return tuple(Curve(each) for each in self.by_area["all"])


def match_detections(
    truth: Sequence[Objects], found: Sequence[Found], names: Sequence[str]
) -> Matches:
    """Let pycocotools match detections and objects, both checked, one entry an image."""
    from pycocotools.cocoeval import COCOeval

    with redirect_stdout(io.StringIO()):  # it prints its progress
        coco = COCOeval(*coco_sets(truth, found, len(names)), "bbox")
        coco.evaluate()
    # One answer for each class, range and image, in this order; None where there was nothing.
    answers = np.array(coco.evalImgs, dtype=object).reshape(len(names), len(AREAS), len(truth))
    by_area = {
        area: tuple(_of_class(list(answers[kind, a])) for kind in range(len(names)))
        for a, area in enumerate(AREAS)
    }
    return Matches(len(truth), tuple(names), by_area)


def coco_sets(
    truth: Sequence[Objects], found: Sequence[Found], class_count: int
) -> tuple[Any, Any]:
    """Both as pycocotools reads them: two COCO objects in memory.

    Numbers of annotations start at 1: pycocotools takes a match with number 0 for none.
    """
    from pycocotools.coco import COCO

    objects = [
        {"image_id": image, "category_id": int(c), "bbox": _corner_and_size(box),
         "iscrowd": int(crowd), "area": float(area)}
        for image, each in enumerate(truth)
        for box, c, crowd, area in zip(*each, strict=True)
    ]  # fmt: skip
    seen = [
        {"image_id": image, "category_id": int(c), "bbox": _corner_and_size(box),
         "score": float(score), "iscrowd": 0, "area": float(area)}
        for image, each in enumerate(found)
        for box, score, c, area in zip(*each, boxes_areas(each.boxes), strict=True)
    ]  # fmt: skip
    sets = []
    for entries in (objects, seen):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in range(len(truth))],
            "categories": [{"id": kind} for kind in range(class_count)],
            "annotations": [{**entry, "id": i} for i, entry in enumerate(entries, start=1)],
        }
        with redirect_stdout(io.StringIO()):
            coco.createIndex()
        sets.append(coco)
    return sets[0], sets[1]


def _corner_and_size(box: np.ndarray) -> list[float]:
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0, y1 - y0]


def _of_class(answers: list[dict[str, Any] | None]) -> ClassMatches:
    """Answers of one class and range, image by image, joined and sorted by score."""
    there = [(image, answer) for image, answer in enumerate(answers) if answer is not None]
    objects = np.zeros(len(answers), np.int64)
    for image, answer in there:
        objects[image] = np.count_nonzero(answer["gtIgnore"] == 0)
    counts = [len(answer["dtScores"]) for _, answer in there]
    scores = np.concatenate([np.zeros(0), *(answer["dtScores"] for _, answer in there)])
    none = np.zeros((len(OVERLAPS), 0), bool)
    ignored = np.concatenate([none, *(a["dtIgnore"].astype(bool) for _, a in there)], 1)
    matched = np.concatenate([none, *(a["dtMatches"] > 0 for _, a in there)], 1)
    order = np.argsort(-scores, kind="stable")  # ties in the order of images, as COCO has them
    images = np.repeat(np.array([image for image, _ in there], np.int64), counts)
    rank = np.concatenate([np.zeros(0, np.int64), *(np.arange(count) for count in counts)])
    return ClassMatches(
        images[order],
        rank[order],
        (matched & ~ignored)[:, order],
        ignored[:, order],
        objects,
    )
