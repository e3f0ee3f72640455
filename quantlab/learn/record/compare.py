"""Both files on the evaluation pictures: what their outputs share, and how good their boxes are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.analysis.detection import DetectionScores, Objects, evaluate_detections
from quantlab.analysis.tensor_error import NoiseSums
from quantlab.base.progress import counting
from quantlab.deploy import open_session
from quantlab.learn.record.network import Network
from quantlab.learn.record.pictures import Material


@dataclass
class OutputSums:
    """One output of both files, added up over batches."""

    name: str
    noise: NoiseSums = field(default_factory=NoiseSums)
    same: int = 0
    rows: int = 0

    def add(self, int8: np.ndarray, fp32: np.ndarray) -> None:
        """Take a batch; an output (N, classes) also counts how often the largest is the same."""
        self.noise.add(int8, fp32)
        if fp32.ndim == 2 and fp32.shape[1] > 1:
            self.same += int((int8.argmax(axis=1) == fp32.argmax(axis=1)).sum())
            self.rows += len(fp32)

    @property
    def agreement(self) -> float | None:
        """Share of pictures with the same largest output, 0 to 1; None for another shape."""
        return self.same / self.rows if self.rows else None


@dataclass(frozen=True)
class Compared:
    """What a comparison found.

    Attributes
    ----------
    outputs : tuple of OutputSums
    scores : (FP32's, INT8's) DetectionScores, or None without labels or boxes
    unlabelled : tuple of str
        Classes of the folder that the network does not know, and is not judged by.
    """

    outputs: tuple[OutputSums, ...]
    scores: tuple[DetectionScores, DetectionScores] | None
    unlabelled: tuple[str, ...]


def compare_files(network: Network, material: Material, files: Sequence[Path]) -> Compared:
    """Run FP32 and INT8 on every evaluation picture, a bar on stderr.

    Raises
    ------
    ValueError
        Outputs that differ in number or shape, boxes that are none, labels without a class that
        the network knows.
    """
    sessions = [open_session(path, threads=os.cpu_count() or 1) for path in files]
    names = [output.name for output in sessions[0].get_outputs()]
    if len(sessions[1].get_outputs()) != len(names):
        raise ValueError(
            f"{files[0].name} has {len(names)} outputs and {files[1].name} "
            f"{len(sessions[1].get_outputs())}: they are not one network."
        )
    judged = _Judged(network, material) if network.decode and material.class_names else None
    sums = tuple(OutputSums(name) for name in names)
    with counting("pictures", len(material.evaluation), shown=True) as done:
        for number in material.evaluation:
            ((picture, objects),) = material.labelled([number])
            x = network.preprocessing.batch([picture])
            fp32, int8 = (_run(session, x) for session in sessions)
            for each, a, b in zip(sums, fp32, int8, strict=True):
                if a.shape != b.shape:
                    raise ValueError(
                        f"output {each.name!r} is {a.shape} in FP32 and {b.shape} in INT8: they "
                        "are not one network."
                    )
                each.add(b, a)
            if judged is not None:
                judged.add(picture, objects, fp32, int8)
            done()
    if judged is None:
        return Compared(sums, None, ())
    return Compared(sums, judged.scores(), judged.unknown)


def _run(session: Any, x: np.ndarray) -> list[np.ndarray]:
    try:
        return [np.asarray(o) for o in session.run(None, {session.get_inputs()[0].name: x})]
    except Exception as error:  # ONNX Runtime's own kinds of exception share no base
        raise ValueError(f"ONNX Runtime cannot run it: {str(error).splitlines()[0]}") from error


class _Judged:
    """Truth and findings of the pictures so far, in the classes that both sides know."""

    def __init__(self, network: Network, material: Material) -> None:
        self.network = network
        self.known = network.class_names or material.class_names
        self.names = tuple(name for name in material.class_names if name in self.known)
        self.unknown = tuple(name for name in material.class_names if name not in self.known)
        if not self.names:
            raise ValueError(
                f"The labels name {', '.join(material.class_names)}, and the model finds "
                f"{', '.join(self.known)}: they have no class in common."
            )
        self.from_labels = _numbers(material.class_names, self.names)
        self.from_model = _numbers(self.known, self.names)
        self.truth: list[Objects] = []
        self.found: tuple[list[Any], list[Any]] = ([], [])

    def add(self, picture: np.ndarray, objects: Objects, *outputs: list[np.ndarray]) -> None:
        kept = self.from_labels[objects.classes] >= 0
        self.truth.append(
            Objects(
                objects.boxes[kept],
                self.from_labels[objects.classes[kept]],
                objects.crowd[kept],
            )
        )
        for found, each in zip(self.found, outputs, strict=True):
            found.append(self._boxes(picture, each))

    def scores(self) -> tuple[DetectionScores, DetectionScores]:
        fp32, int8 = (evaluate_detections(self.truth, f, self.names) for f in self.found)
        return fp32, int8

    def _boxes(self, picture: np.ndarray, outputs: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """What the network found, in the picture's own pixels and the common classes."""
        assert self.network.decode is not None, "or nothing is judged"
        try:
            ((boxes, scores, classes),) = self.network.decode(outputs)
            boxes, scores, classes = np.asarray(boxes), np.asarray(scores), np.asarray(classes)
            kept = self.from_model[classes.astype(int)] >= 0
        except Exception as error:  # a decoder of other people may raise anything
            raise ValueError(
                f"decoding failed ({type(error).__name__}: {error}): from the outputs of a batch "
                "it gives (boxes, scores, classes) for each picture."
            ) from error
        size = self.network.preprocessing
        grown = np.array([picture.shape[1] / size.width, picture.shape[0] / size.height] * 2)
        return boxes[kept] * grown, scores[kept], self.from_model[classes[kept].astype(int)]


def _numbers(names: Sequence[str], common: Sequence[str]) -> np.ndarray:
    """From a number of `names` to one of `common`, -1 where it is not in there."""
    return np.array([common.index(n) if n in common else -1 for n in names], np.int64)
