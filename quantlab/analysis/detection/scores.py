"""COCO's twelve numbers of a detector, and its AP by class and by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.analysis.detection.average_precision import mean_average_precision
from quantlab.analysis.detection.class_matches import OVERLAPS
from quantlab.analysis.detection.curve import Curve, PerOverlap
from quantlab.analysis.detection.matches import MOST, Matches, match_detections
from quantlab.analysis.detection.objects import checked_found, checked_objects
from quantlab.base.plain_data import json_ready
from quantlab.base.report import Report
from quantlab.base.table import Column, Table

#: The numbers that need fewer than all detections: name -> detections a class and image.
FEWER = {"AR_1": 1, "AR_10": 10}


@dataclass(frozen=True, eq=False, repr=False)
class DetectionScores(Report):
    """How good a detector is.

    Attributes
    ----------
    numbers : mapping
        COCO's twelve, 0 to 1: AP, AP50, AP75, AP_small, AP_medium, AP_large, AR_1, AR_10, AR_100,
        AR_small, AR_medium, AR_large. NaN where the images hold no such object; pycocotools says
        -1.
    classes : mapping of name to AP
        NaN for a class without an object.
    objects : mapping of class name to the number of objects
    matches : Matches
        What all of this was counted from.
    """

    numbers: Mapping[str, float]
    classes: Mapping[str, float]
    objects: Mapping[str, int]
    matches: Matches

    def slices(self, groups: Mapping[str, Any]) -> dict[str, float]:
        """AP of some of the images: name -> AP, from name -> bool array (images,).

        Raises
        ------
        ValueError
            A mask that is no bool array of that length.
        """
        return {
            str(name): mean_average_precision(self.matches, self._members(name, mask))
            for name, mask in groups.items()
        }

    def _members(self, name: str, mask: Any) -> np.ndarray:
        array = np.asarray(mask)
        if array.dtype != bool or array.shape != (self.matches.images,):
            raise ValueError(
                f"the slice {name!r} has dtype {array.dtype} and shape {array.shape}, but a mask "
                f"says True or False for each of the {self.matches.images} images: pass a bool "
                "array."
            )
        return np.flatnonzero(array)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for NaN."""
        return {
            "images": self.matches.images,
            "numbers": json_ready(self.numbers),
            "classes": json_ready(self.classes),
            "objects": dict(self.objects),
        }

    @property
    def summary(self) -> str:
        return (
            f"AP {100 * self.numbers['AP']:.2f}, AP50 {100 * self.numbers['AP50']:.2f} on "
            f"{self.matches.images:,} images"
        )

    def tables(self) -> tuple[Table, ...]:
        """The twelve numbers, then the classes, in points: 100 is perfect."""
        numbers = tuple({"name": n, "points": 100 * value} for n, value in self.numbers.items())
        classes = tuple(
            {"name": n, "points": 100 * ap, "objects": self.objects[n]}
            for n, ap in self.classes.items()
        )
        of_classes = (
            Column("class", "name"),
            Column("AP", "points", ".2f"),
            Column("objects", "objects", ","),
        )
        return (
            Table((Column("number", "name"), Column("points", "points", ".2f")), numbers),
            Table(of_classes, classes, "By class"),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"{self.matches.images:,} images; in points of 100, – where there is none.",)


def evaluate_detections(
    truth: Sequence[Any], found: Sequence[Any], names: Sequence[str]
) -> DetectionScores:
    """Judge a detector as COCO does, with pycocotools.

    Parameters
    ----------
    truth : sequence of Objects, or tuples like it, one an image
        Pixels of the same image size as `found`: the size decides what is small.
    found : sequence of (boxes, scores, classes), one an image
        Corners (n, 4) in pixels, scores (n,), integer classes (n,); n may be 0. Only the 100 surest
        of a class and image are looked at.
    names : sequence of str
        The classes, in the order of their numbers.

    Raises
    ------
    ValueError
        No images, no object, lengths that differ, boxes, scores or classes that are ill-formed:
        one sentence that names the image.

    Examples
    --------
    >>> truth = [(np.array([[0, 0, 10, 10]]), np.array([0]))]
    >>> found = [(np.array([[0, 0, 10, 9]]), np.array([0.8]), np.array([0]))]
    >>> scores = evaluate_detections(truth, found, ["car"])
    >>> round(scores.numbers["AP50"], 3), round(scores.numbers["AP"], 3)
    (1.0, 0.9)
    """
    if len(names) == 0 or len(set(names)) != len(names):
        raise ValueError(f"names are {list(names)}, but each class needs one of its own.")
    objects = checked_objects(truth, len(names))
    matches = match_detections(objects, checked_found(found, len(objects), len(names)), names)
    once = np.ones(matches.images)
    read = {"all": [curve.read(once) for curve in matches.curves]}
    for area in ("small", "medium", "large"):
        read[area] = [Curve(each).read(once) for each in matches.by_area[area]]
    fewer = {
        name: [Curve(each.first(most)).read(once) for each in matches.by_area["all"]]
        for name, most in FEWER.items()
    }
    return DetectionScores(
        _numbers(read, fewer),
        {name: float(c.precision.mean()) for name, c in zip(names, read["all"], strict=True)},
        {
            name: int(each.objects.sum())
            for name, each in zip(names, matches.by_area["all"], strict=True)
        },
        matches,
    )


def _numbers(
    read: Mapping[str, list[PerOverlap]], fewer: Mapping[str, list[PerOverlap]]
) -> dict[str, float]:
    at = {f"AP{100 * overlap:.0f}": i for i, overlap in enumerate(OVERLAPS)}
    every = np.array([c.precision for c in read["all"]])
    sizes = ("small", "medium", "large")
    return {
        "AP": _mean(every),
        **{name: _mean(every[:, at[name]]) for name in ("AP50", "AP75")},
        **{f"AP_{s}": _mean(np.array([c.precision for c in read[s]])) for s in sizes},
        **{name: _mean(np.array([c.recall for c in of])) for name, of in fewer.items()},
        f"AR_{MOST}": _mean(np.array([c.recall for c in read["all"]])),
        **{f"AR_{s}": _mean(np.array([c.recall for c in read[s]])) for s in sizes},
    }


def _mean(values: np.ndarray) -> float:
    """Over classes and overlaps, without classes that have no object."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
