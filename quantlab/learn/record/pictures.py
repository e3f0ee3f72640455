"""The pictures of a record: some lay the rulers, others judge, and none does both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quantlab.analysis.detection import Objects
from quantlab.scenes import CocoFolder, ImageFolder
from quantlab.scenes.labels import Box


@dataclass(frozen=True)
class Material:
    """A folder, divided.

    Attributes
    ----------
    folder : CocoFolder or ImageFolder
    calibration, evaluation : tuple of int
        Numbers of pictures, drawn by the seed; no picture is in both.
    """

    folder: CocoFolder | ImageFolder
    calibration: tuple[int, ...]
    evaluation: tuple[int, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of the labels; empty where there are none."""
        return self.folder.class_names if isinstance(self.folder, CocoFolder) else ()

    def pictures(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """These pictures, uint8 (height, width, 3), each of its own size."""
        return [self._labelled(number)[0] for number in numbers]

    def labelled(self, numbers: Sequence[int]) -> list[tuple[np.ndarray, Objects]]:
        """These pictures with their objects: corners in the picture's own pixels."""
        return [self._labelled(number) for number in numbers]

    def _labelled(self, number: int) -> tuple[np.ndarray, Objects]:
        if isinstance(self.folder, ImageFolder):
            return self.folder[number], _objects((), ())
        found = self.folder[number]
        return found.image, _objects(found.boxes, found.crowds)


def open_material(folder: str | Path, calibration: int, evaluation: int, seed: int) -> Material:
    """A COCO folder, or any folder of pictures, divided into calibration and evaluation.

    Where there are fewer than both numbers together, half of the pictures at most calibrate.

    Raises
    ------
    OSError
        No such folder, or no picture in it.
    ValueError
        Fewer than two pictures; a file of instances that is none.
    """
    source = _opened(Path(folder))
    if len(source) < 2:
        raise ValueError(
            f"{folder} has {len(source)} picture, but one calibrates and another one judges: two "
            "are the fewest."
        )
    order = [int(k) for k in np.random.default_rng(seed).permutation(len(source))]
    calibrating = min(calibration, len(source) // 2)
    return Material(
        source, tuple(order[:calibrating]), tuple(order[calibrating : calibrating + evaluation])
    )


def _opened(folder: Path) -> CocoFolder | ImageFolder:
    try:
        return CocoFolder(folder)
    except FileNotFoundError:
        return ImageFolder(folder)  # which says so where there is no folder


def _objects(boxes: Sequence[Box], crowds: Sequence[Box]) -> Objects:
    every = [*boxes, *crowds]
    corners = [(b.left, b.top, b.left + b.width, b.top + b.height) for b in every]
    return Objects(
        np.array(corners, np.float64).reshape(-1, 4),
        np.array([b.label for b in every], np.int64),
        np.arange(len(every)) >= len(boxes),
    )
