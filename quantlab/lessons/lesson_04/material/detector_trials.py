"""The shipped detector, quantized after several calibrations and judged on the same scenes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.base.progress import counting
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy import export_onnx, open_session
from quantlab.lessons.lesson_04.material.activations import preprocessing_of
from quantlab.lessons.lesson_04.material.observers import MINMAX, named
from quantlab.methods import QuantizedModel, Recipe, Rule, quantize_model
from quantlab.scenes import Calibration, Test
from quantlab.zoo import evaluate_detector, load

#: Slices that get test scenes of their own: among all scenes they are too few to be judged.
OWN = ("night", "fog")
OF_SLICE = 24
#: Scenes in a calibration batch. The first batch is also traced with, several times: few save time.
AT_ONCE = 2


class DetectorTrials:
    """FP32's mAP over all scenes, at night and in fog; `lost` says what a calibration costs there.

    Parameters
    ----------
    scenes : int
        Test scenes as they come.
    of_slice : int
        Test scenes of the night, and as many of fog.
    """

    def __init__(self, scenes: int = 60, of_slice: int = OF_SLICE) -> None:
        self.model, self.preprocessing = load("detector"), preprocessing_of("detector")
        self.scenes = {"all": list(Test(scenes))}
        self.scenes |= {name: list(Test(of_slice, only=(name,))) for name in OWN}
        shape = (1, 3, self.preprocessing.height, self.preprocessing.width)
        self.before = self._after(self.model, "FP32", np.zeros(shape, np.float32))
        self._quantized: dict[Calibration, QuantizedModel] = {}

    def lost(self, rule: Rule, calibration: Calibration) -> Lost:
        """Points of mAP that are lost, after weights per-channel and this rule for activations."""
        return self._judged(self._quantize(rule, calibration), named(rule), _words(calibration))

    def lost_with_input(self, calibration: Calibration, of_input: Calibration) -> Lost:
        """Min-max on `calibration`, but for the model's input, which has `of_input`'s ruler."""
        ours, other = (self._quantize(MINMAX, each) for each in (calibration, of_input))
        (source,) = (n.name for n in ours.graph.graph.nodes if n.op == "placeholder")
        rulers = {**ours.activations, source: other.activations[source]}
        scenes = f"{_words(calibration)}, input: {_words(of_input)}"
        return self._judged(replace(ours, activations=rulers), "minmax", scenes)

    def _quantize(self, rule: Rule, calibration: Calibration) -> QuantizedModel:
        if rule == MINMAX and calibration in self._quantized:
            return self._quantized[calibration]
        batches = calibration.batches(self.preprocessing, AT_ONCE)
        quantized = quantize_model(self.model, batches, Recipe(activations=rule))
        if rule == MINMAX:
            self._quantized[calibration] = quantized
        return quantized

    def _judged(self, quantized: QuantizedModel, name: str, scenes: str) -> Lost:
        after = self._after(quantized, f"{name}, {scenes}")
        return Lost(name, scenes, {s: 100 * (self.before[s] - after[s]) for s in after})

    def _after(self, network: Any, what: str, example: Any = None) -> Mapping[str, float]:
        """mAP in ONNX Runtime, where FP32 is the FP32 of INT8."""
        with tempfile.TemporaryDirectory(prefix="quantlab-lesson04-") as folder:
            path = export_onnx(network, Path(folder) / "detector.onnx", example)
            return self._map(open_session(path, threads=2, exact=True), what)

    def _map(self, network: Any, what: str) -> Mapping[str, float]:
        found = {}
        with counting(what, len(self.scenes), shown=True) as count:
            for name, scenes in self.scenes.items():
                scores = evaluate_detector(network, self.preprocessing, scenes)
                found[name] = scores.numbers["AP"]
                count(name)
        return found


@dataclass(frozen=True)
class Lost:
    """What one calibration cost: points of mAP by slice."""

    observer: str
    scenes: str
    points: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class Losses(Report):
    """Several calibrations beside FP32."""

    before: Mapping[str, float]
    scenes: int
    of_slice: int
    lost: tuple[Lost, ...]

    @property
    def summary(self) -> str:
        return (
            "Detector in INT8: points of mAP lost against FP32, on "
            f"{self.scenes} test scenes; at night and in fog on {self.of_slice} each"
        )

    def tables(self) -> tuple[Table, ...]:
        slices = tuple(Column(name, name, ".1f") for name in self.before)
        columns = (Column("observer", "observer"), Column("calibrated on", "scenes"), *slices)
        first = {"observer": "FP32", "scenes": "(its mAP)"}
        rows = [first | {name: 100 * value for name, value in self.before.items()}]
        rows += [{"observer": x.observer, "scenes": x.scenes, **x.points} for x in self.lost]
        return (Table(columns, tuple(rows), strong=frozenset([0])),)


def losses_table(trials: DetectorTrials, *lost: Lost) -> Losses:
    """FP32's row, then a row a calibration."""
    scenes, of_slice = (len(trials.scenes[name]) for name in ("all", OWN[0]))
    return Losses(trials.before, scenes, of_slice, lost)


def _words(calibration: Calibration) -> str:
    kind = " and ".join(calibration.only) or "mixed"
    return f"{calibration.count} {kind} scene{'s' * (calibration.count > 1)}"
