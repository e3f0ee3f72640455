"""A trial: a plan carried out on a shipped model, and the model judged on scenes it never saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from quantlab.analysis.bootstrap import Statistic
from quantlab.analysis.slices import GroupTable, by_group
from quantlab.scenes import (
    CLASS_NAMES,
    Calibration,
    Crops,
    Preprocessing,
    Scene,
    Split,
    Test,
    crops,
)
from quantlab.teach.plans.every_cpu import EveryCpu, on_every_cpu
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import Speed, float_content, measured

if TYPE_CHECKING:
    from quantlab.methods import QuantizedModel

Model = Literal["classifier", "segmenter", "detector"]
#: What one number of each model is, and its unit as a learner reads it.
METRICS: Mapping[str, str] = {"classifier": "top-1", "segmenter": "mIoU", "detector": "mAP"}
INTEGERS, SIMULATED = "ONNX Runtime, in integers", "torch, in float with the integers' values"
RESAMPLES = 500
#: The simulator takes a second for so many.
SIMULATED_CROPS = 40


@dataclass(frozen=True)
class Outcome:
    """What a plan gave, in shares of 1, and what computed it.

    table   the drop over all and in the slices asked for, with intervals.
    scores  FP32's score and the plan's, over all ("all") and in every slice.
    ran     INTEGERS, or SIMULATED where no runtime holds such integers.
    """

    table: GroupTable
    scores: Mapping[str, tuple[float, float]]
    ran: str

    def lost(self, slice: str) -> float:
        """Points lost in a slice, or over all of it ("all"); 100 points are the whole scale."""
        return 100 * self.drop(slice).drop

    def drop(self, slice: str) -> Any:
        """The `Drop` of a slice, or of all scenes ("all"). KeyError where there is none."""
        found = self.table.overall if slice == "all" else self.table[slice].drop
        if found is None:
            raise KeyError(f"The slice {slice!r} has too few scenes to say anything.")
        return found


@dataclass(frozen=True)
class Trial:
    """Which shipped model a plan is tried on, and on how much that nobody calibrated with.

    Parameters
    ----------
    model : "classifier", "segmenter" or "detector"
    scenes : int
        Test scenes, or test crops for the classifier: a multiple of its ten classes.
    """

    model: Model
    scenes: int

    @property
    def metric(self) -> str:
        """Top-1, mIoU or mAP."""
        return METRICS[self.model]

    def run(self, plan: Plan, slices: tuple[str, ...] = (), *, progress: bool = False) -> Outcome:
        """Quantize by the plan, run in integers where a runtime can, and compare with FP32.

        `slices` get an interval beside that over all scenes: each costs its own resampling.

        Raises
        ------
        ValueError
            The recipe does not fit the model (a layer that it lacks, training without data).
        """
        return _run(self, json.dumps(plan.to_dict()), slices, progress)

    def calibration(self, scenes: Calibration) -> Split | Crops:
        if self.model != "classifier":
            width, height = _size(self.model)
            return replace(scenes, width=width, height=height)
        if scenes.only or scenes.without:
            raise ValueError(
                "The plan chooses slices, but the classifier looks at crops, which lie in none: "
                "leave only and without out."
            )
        return crops(Calibration, max(1, scenes.count // len(CLASS_NAMES)))

    def file(self, plan: Plan, *, progress: bool = False) -> bytes:
        """The .onnx file that the plan makes, as bytes.

        Raises
        ------
        ValueError
            As `run`; integers that no runtime holds.
        """
        content = _content(self, json.dumps(plan.to_dict()), progress)
        if content is None:
            raise ValueError("No runtime holds these integers: give them 4, 8 or 16 bits.")
        return content

    def speed(self, plan: Plan, seconds: float = 3.0, *, progress: bool = False) -> Speed:
        """How fast the plan's model is, beside FP32 and beside the shipped good plan's graph.

        Raises
        ------
        ValueError
            As `run`; integers that no runtime holds.
        """
        content = self.file(plan, progress=progress)
        return measured(self.model, content, plan.inference, seconds)

    def on_every_cpu(self, plan: Plan, *, progress: bool = False) -> EveryCpu:
        """Whether the plan's classifier computes the same integers on every CPU, on 40 crops.

        Raises
        ------
        ValueError
            As `run`; integers that no runtime holds.
        """
        content = self.file(plan, progress=progress)
        pictures = cast(Crops, _held_out(self.model, self.scenes)).images[:SIMULATED_CROPS]
        return on_every_cpu(content, _preprocessing(self.model).batch(list(pictures)))


def _size(model: str) -> tuple[int, int]:
    """Width and height of the scenes that a model reads."""
    preprocessing = _preprocessing(model)
    return preprocessing.width, preprocessing.height


def _preprocessing(model: str) -> Preprocessing:
    from quantlab.zoo import load

    return cast(Preprocessing, load(model).preprocessing)


@lru_cache(maxsize=64)
def _run(trial: Trial, plan_json: str, slices: tuple[str, ...], progress: bool) -> Outcome:
    """One plan is carried out once: a mended plan is often one that was tried before."""
    from quantlab.deploy import open_session

    content = _content(trial, plan_json, progress)
    if content is None:
        network: Any = _made(trial, plan_json, progress)
    else:
        network = open_session(content, exact=True)  # the plan is judged, not this CPU's sums
    ran = SIMULATED if content is None else INTEGERS
    ours = _evaluate(trial.model, network, trial.scenes, progress)
    truth, groups = _float_scores(trial.model, trial.scenes)
    asked = {name: mask for name, mask in groups.items() if name in slices}
    table = _drops(trial, ours, asked)
    ends = [_by_slice(trial.model, scores, groups) for scores in (truth, ours)]
    scores = {name: (ends[0][name], ends[1][name]) for name in groups}
    everything = {"all": (table.overall.before, table.overall.after)}
    return Outcome(table, everything | scores, ran)


@lru_cache(maxsize=4)
def _quantized(trial: Trial, made_json: str, progress: bool) -> QuantizedModel:
    """By recipe and calibration alone: how it is run changes none of its integers."""
    from quantlab.methods import quantize_model
    from quantlab.zoo import load

    plan = Plan.from_dict(json.loads(made_json))
    batches = trial.calibration(plan.calibration).batches(_preprocessing(trial.model))
    return quantize_model(load(trial.model), batches, plan.recipe, progress=progress)


@lru_cache(maxsize=16)
def _content(trial: Trial, plan_json: str, progress: bool) -> bytes | None:
    """The plan's .onnx file; None for integers that no runtime holds, such as 3-bit weights."""
    from quantlab.deploy.export.export_onnx import build_onnx

    plan = Plan.from_dict(json.loads(plan_json))
    quantized, signed = _made(trial, plan_json, progress), plan.inference.signed
    try:
        model = build_onnx(quantized, signed_activations=signed)
    except ValueError:
        return None
    if plan.inference.pixels:
        normal = _preprocessing(trial.model)
        model = build_onnx(quantized, signed_activations=signed, preprocessing=normal)
    content: bytes = model.SerializeToString()
    return content


def _made(trial: Trial, plan_json: str, progress: bool) -> QuantizedModel:
    made = {**json.loads(plan_json), "inference": {}}
    return _quantized(trial, json.dumps(made), progress)


@lru_cache(maxsize=8)
def _held_out(model: str, scenes: int) -> tuple[Scene, ...] | Crops:
    """Drawn once, judged many times."""
    if model == "classifier":
        return crops(Test, max(1, scenes // len(CLASS_NAMES)))
    width, height = _size(model)
    return tuple(Test(scenes, width=width, height=height))


@lru_cache(maxsize=8)
def _float_scores(model: str, scenes: int) -> tuple[Any, Mapping[str, np.ndarray]]:
    """FP32's scores, and which of the pictures lie in which slice (crops: in which class)."""
    from quantlab.deploy import open_session
    from quantlab.zoo import slice_masks

    data = _held_out(model, scenes)
    if isinstance(data, Crops):
        groups = {name: data.labels == label for label, name in enumerate(CLASS_NAMES)}
    else:
        groups = slice_masks(data)
    return _evaluate(model, open_session(float_content(model)), scenes, progress=False), groups


def _evaluate(model: str, network: Any, scenes: int, progress: bool) -> Any:
    from quantlab import zoo

    data, preprocessing = _held_out(model, scenes), _preprocessing(model)
    judge: Any = getattr(zoo, f"evaluate_{model}")
    return judge(network, preprocessing, data, progress=progress)


def _by_slice(model: str, scores: Any, groups: Mapping[str, np.ndarray]) -> dict[str, float]:
    if model == "classifier":
        return {name: float(scores.correct[mask].mean()) for name, mask in groups.items()}
    return dict(scores.slices(groups))


def _drops(trial: Trial, after: Any, groups: Mapping[str, np.ndarray]) -> GroupTable:
    before, _ = _float_scores(trial.model, trial.scenes)
    if trial.model == "classifier":
        scores = before.correct, after.correct
        return by_group(*scores, groups, resamples=RESAMPLES, method="percentile")
    records, number = _float_numbers(trial.model, trial.scenes)
    ours = _records(trial.model, after)
    return by_group(records, ours, groups, number, resamples=RESAMPLES, method="percentile")


@lru_cache(maxsize=8)
def _float_numbers(model: str, scenes: int) -> tuple[Any, Statistic]:
    """FP32's records and the statistic, which counts FP32's number on the same images once.

    Every plan is held against the same FP32 on the same resamples: half of the counting.
    """
    from quantlab.analysis.detection import mean_average_precision
    from quantlab.zoo.evaluation.segmentation import mean_iou

    records = _records(model, _float_scores(model, scenes)[0])
    counted: dict[bytes, float] = {}

    def of(these: Any, index: np.ndarray) -> float:
        if model == "detector":
            return mean_average_precision(these, index)
        return mean_iou(these[index])

    def number(these: Any, index: np.ndarray) -> float:
        if these is not records:
            return of(these, index)
        key = index.tobytes()
        if key not in counted:
            counted[key] = of(records, index)
        return counted[key]

    return records, number


def _records(model: str, scores: Any) -> Any:
    """What a resample is drawn from: matches of boxes, or a confusion matrix a scene."""
    return scores.matches if model == "detector" else scores.confusions
