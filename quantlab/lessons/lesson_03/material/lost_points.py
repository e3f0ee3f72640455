"""What quantized weights alone cost a shipped model: everything else stays FP32."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import nn

from quantlab import zoo
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy import export_onnx
from quantlab.lessons.lesson_03.material.channel_spread import folded
from quantlab.methods import Rule, fake_quantize_weights
from quantlab.scenes import Test, crops

#: Each model's number, and the pictures it is judged by: few, so that a learner does not wait.
METRICS = {"classifier": "top-1", "segmenter": "mIoU", "detector": "mAP"}
CROPS_OF_A_CLASS, SCENES = 30, {"segmenter": 24, "detector": 100}


@dataclass(frozen=True, repr=False)
class LostPoints(Report):
    """Scores in points of 100, FP32 first, and what each way to round the weights lost."""

    model: str
    pictures: int
    rows_: tuple[Mapping[str, Any], ...]

    @property
    def summary(self) -> str:
        return f"{self.model}, {METRICS[self.model]} on {self.pictures} pictures"

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("weights", "title"),
            Column(METRICS[self.model], "score", ".1f"),
            Column("points lost", "lost", "+.1f"),
        )
        return (Table(columns, self.rows_),)

    def lost(self, title: str) -> float:
        """Points lost by the row of this title."""
        return next(float(row["lost"]) for row in self.rows_ if row["title"] == title)


def lost_points(model: str, rules: Mapping[str, Rule], *, axis: int = 0) -> LostPoints:
    """Judge a shipped model on test pictures with its weights under each rule, in ONNX Runtime.

    Each network is exported as float32: its weights are what their integers say, and nothing else
    is rounded.

    Parameters
    ----------
    model : "classifier", "segmenter" or "detector"
    rules : mapping of title to Rule
    axis : int
        Of a weight, along which a per-channel rule has its channels; 1 is the wrong one.
    """
    graph, score, pictures = _in_float(model)
    rows: list[dict[str, Any]] = [{"title": "FP32", "score": score, "lost": 0.0}]
    for title, rule in rules.items():
        rounded = _score(model, fake_quantize_weights(graph, rule, axis=axis), pictures)
        rows.append({"title": title, "score": rounded, "lost": score - rounded})
    return LostPoints(model, len(pictures), tuple(rows))


@lru_cache(maxsize=3)
def _in_float(model: str) -> tuple[nn.Module, float, Sequence[Any]]:
    """The folded network, its score and the pictures: the same for every table of the lesson."""
    loaded = zoo.load(model)
    graph, pictures = folded(loaded), _pictures(model, loaded.preprocessing)
    return graph, _score(model, graph, pictures), pictures


def _pictures(model: str, size: Any) -> Any:
    """Drawn once, judged many times."""
    if model == "classifier":
        return crops(Test, CROPS_OF_A_CLASS)
    return tuple(Test(SCENES[model], width=size.width, height=size.height))


def _score(model: str, network: nn.Module, pictures: Sequence[Any]) -> float:
    preprocessing = zoo.load(model).preprocessing
    judge = getattr(zoo, f"evaluate_{model}")
    with tempfile.TemporaryDirectory(prefix="lesson03-") as folder:
        path = export_onnx(network, Path(folder) / "network.onnx")
        found = judge(path, preprocessing, pictures, progress=True)
    if model == "detector":
        return 100 * float(found.numbers["AP"])
    return 100 * float(found.mean if model == "segmenter" else found.top1)
