"""Six ways to few bits, side by side: how good, how many seconds, and is it worth training?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch.nn.functional as F

from quantlab.analysis import paired_bootstrap
from quantlab.base.one_thread import one_thread
from quantlab.base.progress import counting
from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_08.material.pictures import (
    calibration_batches,
    right,
    training_batches,
)
from quantlab.methods import (
    LearnedRounding,
    QuantizedModel,
    Recipe,
    Rule,
    Training,
    convert_qat,
    prepare_qat,
    quantize_model,
    train_qat,
)
from quantlab.teach.kept import kept_path, read_kept, write_kept
from quantlab.zoo import load

KEPT = kept_path(__file__)
HEADER = """\
# What `material.methods.measure_methods()` found: test crops named right, in percent, and the
# seconds of one core. Another machine sums floats in another order, and may differ by some points.
# Remade with `python -m quantlab.lessons.lesson_08.material.methods`.
"""
FEW_WEIGHT_BITS = Recipe(weights=Rule("int3", "symmetric", "per-tensor"))
FEW_PICTURE_BITS = Recipe(tensors={"input": Rule("uint2", observer="mse")})
SETTINGS = {"weights of 3 bits": FEW_WEIGHT_BITS, "pictures of 2 bits": FEW_PICTURE_BITS}
#: The rate was chosen on validation crops.
SMALL_STEPS = Training(epochs=2, learning_rate=0.005, decay=True)
#: What each way changes of a setting's recipe. Training has the same pictures in all of them.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "rounding to nearest": {},
    "+ bias correction": {"bias_correction": "empirical"},
    "AdaRound": {"learned_rounding": LearnedRounding(steps=100)},
    "QAT": {"training": replace(SMALL_STEPS, freeze_observers_after=0)},
    "QAT with LSQ": {"training": replace(SMALL_STEPS, lsq=True)},
}


def quantized_by(recipe: Recipe, way: str) -> QuantizedModel:
    """The shipped classifier by one of `WAYS`."""
    recipe, model = replace(recipe, **WAYS[way]), load("classifier")
    if recipe.training is None:
        return quantize_model(model, calibration_batches(), recipe)
    qat = prepare_qat(model, calibration_batches(), recipe)
    train_qat(qat, training_batches(), F.cross_entropy)
    return convert_qat(qat)


def measure_methods(ways: tuple[str, ...] = tuple(WAYS)) -> dict[str, Any]:
    """Each setting by each way: which test crops are right, and how long it took.

    A few minutes. What it gives is kept in `kept.yaml`; `python -m` this module writes it anew.

    Returns
    -------
    dict
        `threads`; `settings`: by name the rows, each with `way`, `top1` in points and `seconds` of
        the CPU on one thread; and `gain`: points that the best trained model is ahead of the best
        other one, with the ends of a 95 % interval over the crops.
    """
    kept: dict[str, Any] = {"crops": len(right(load("classifier"))), "settings": {}}
    training_batches(), calibration_batches()
    with one_thread(), counting("settings", len(SETTINGS), shown=True) as done:
        for name, recipe in SETTINGS.items():
            found = {way: _timed(recipe, way) for way in ways}
            done(name)
            kept["settings"][name] = _row(found)
    return kept


def kept_methods() -> dict[str, Any]:
    """What `measure_methods` found, from `kept.yaml`."""
    return read_kept(KEPT)


@dataclass(frozen=True, repr=False)
class MethodsTable(Report):
    """Every way to one setting, as kept, FP32 first.

    gain    points that the best trained model is ahead of the best other one.
    low, high    the ends of its 95 % interval.
    """

    title: str
    ways: tuple[Mapping[str, Any], ...]
    gain: float
    low: float
    high: float

    @property
    def summary(self) -> str:
        return self.title

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            f"The best trained model is ahead of the best other one by {self.gain:.1f} points "
            f"({self.low:.1f} to {self.high:.1f} with 95 % confidence).",
        )

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("way", "way"),
            Column("top-1 (%)", "top1", ".1f"),
            Column("seconds of one core", "seconds", ".0f"),
            Column("labels", "labels"),
        )
        return (Table(columns, self.ways),)


def methods_table(setting: str) -> MethodsTable:
    """What is kept of a setting, a row each way, FP32 first."""
    kept = kept_methods()
    found = kept["settings"][setting]
    rows = [{"way": "FP32", "top1": found["fp32"], "seconds": None, "labels": ""}]
    for row in found["rows"]:
        labels = "needed" if "training" in WAYS[row["way"]] else "none"
        rows.append({**row, "labels": labels})
    title = f"{setting.capitalize()}, {kept['crops']} test crops, kept"
    gain = found["gain"]
    return MethodsTable(title, tuple(rows), gain["points"], gain["low"], gain["high"])


def measure_cheap(setting: str) -> Listing:
    """FP32 and the two ways of a setting that take seconds, measured now."""
    rows: list[dict[str, Any]] = [{"way": "FP32", "names": right(load("classifier"))}]
    for way in ("rounding to nearest", "+ bias correction"):
        names, seconds = _timed(SETTINGS[setting], way)
        rows.append({"way": way, "names": names, "seconds": seconds})
    shown = tuple(
        {"way": row["way"], "top1": 100 * row["names"].mean(), "seconds": row.get("seconds")}
        for row in rows
    )
    columns = (
        Column("way", "way"),
        Column("top-1 (%)", "top1", ".1f"),
        Column("CPU seconds", "seconds", ".1f"),
    )
    title = f"{setting.capitalize()}, {len(rows[0]['names'])} test crops, measured now"
    return Listing(title, Table(columns, shown))


def tiny_recipe() -> Recipe:
    """The recipe of the tiny loop: the second setting, with its rulers left as calibrated."""
    return replace(FEW_PICTURE_BITS, training=Training(freeze_observers_after=0))


def compare_models(setting: str, trained: Any) -> Listing:
    """FP32, the best way of a setting without training, and a model of one's own, measured now."""
    best = _best(kept_methods()["settings"][setting]["rows"], trained=False)
    rights = {
        "FP32": right(load("classifier")),
        best: right(quantized_by(SETTINGS[setting], best)),
        "your loop": right(trained),
    }
    rows = tuple({"model": name, "top1": 100 * found.mean()} for name, found in rights.items())
    points, low, high = _gain(rights[best], rights["your loop"])
    below = (f"Your loop is ahead of {best} by {points:.1f} points ({low:.1f} to {high:.1f}).",)
    columns = (Column("model", "model"), Column("top-1 (%)", "top1", ".1f"))
    title = f"{setting.capitalize()}, {len(rights['FP32'])} test crops"
    return Listing(title, Table(columns, rows), below)


def _timed(recipe: Recipe, way: str) -> tuple[np.ndarray, float]:
    """Which test crops the model names right, and the CPU's seconds to make it."""
    began = time.process_time()
    model = quantized_by(recipe, way)
    seconds = time.process_time() - began
    return right(model), seconds


def _row(found: Mapping[str, tuple[np.ndarray, float]]) -> dict[str, Any]:
    """One setting as plain data."""
    rows = [
        {"way": way, "top1": round(100 * float(names.mean()), 1), "seconds": round(seconds, 1)}
        for way, (names, seconds) in found.items()
    ]
    before, after = (found[_best(rows, trained=kind)][0] for kind in (False, True))
    ends = dict(zip(("points", "low", "high"), _gain(before, after), strict=True))
    fp32 = round(100 * float(right(load("classifier")).mean()), 1)
    return {"fp32": fp32, "rows": rows, "gain": ends}


def _best(rows: list[dict[str, Any]], *, trained: bool) -> str:
    """The way with the most right; the cheaper one of two that are as good."""
    kind = [row for row in rows if ("training" in WAYS[row["way"]]) == trained]
    return str(max(kind, key=lambda row: (row["top1"], -row["seconds"]))["way"])


def _gain(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """Points gained, and the ends of their interval."""
    drop = paired_bootstrap(before, after, method="percentile")
    points, low, high = (round(-100 * end, 1) + 0.0 for end in (drop.drop, drop.high, drop.low))
    return points, low, high


if __name__ == "__main__":
    write_kept(KEPT, HEADER, measure_methods())
