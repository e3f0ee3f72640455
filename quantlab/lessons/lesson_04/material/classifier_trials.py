"""The shipped classifier under observers of few bits, and with one wrong picture among many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from quantlab.base.one_thread import one_thread
from quantlab.base.progress import counting
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_04.material.activations import preprocessing_of
from quantlab.lessons.lesson_04.material.observers import OBSERVERS, named
from quantlab.methods import Recipe, Rule, quantize_model
from quantlab.scenes import Calibration, Test, crops
from quantlab.zoo import evaluate_classifier, load


class ClassifierTrials:
    """Top-1 of the shipped classifier on test crops, after 200 calibration crops.

    Attributes
    ----------
    batches : list of float32 arrays (50, 3, 32, 32)
        200 calibration crops, prepared as the model expects them.
    unscaled : float32 array (1, 3, 32, 32)
        The next crop, without the division by 255.
    before : float
        FP32's top-1, 0 to 1.
    """

    def __init__(self, per_class: int = 30) -> None:
        self.model = load("classifier")
        self.test = crops(Test, per_class)
        prepare, drawn = preprocessing_of("classifier"), list(crops(Calibration, 21).images[:201])
        self.batches = [prepare.batch(drawn[i : i + 50]) for i in range(0, 200, 50)]
        self.unscaled = replace(prepare, scale=1.0).batch(drawn[200:])
        self.preprocessing = prepare
        self.before = evaluate_classifier(self.model, prepare, self.test).top1

    def top1(self, rule: Rule, batches: Sequence[np.ndarray]) -> float:
        """Top-1 with weights of 8 bits per-channel and this rule for the activations, 0 to 1."""
        with one_thread():
            quantized = quantize_model(self.model, batches, Recipe(activations=rule))
            return evaluate_classifier(quantized, self.preprocessing, self.test).top1

    def compare(
        self,
        dtypes: Sequence[str],
        batches: Sequence[np.ndarray],
        observers: Sequence[Rule] = OBSERVERS,
    ) -> Top1:
        """These observers at each of these types."""
        rows = []
        with counting("classifier", len(observers) * len(dtypes), shown=True) as count:
            for rule in observers:
                found = {}
                for dtype in dtypes:
                    of_type = Rule(dtype, observer=rule.observer, settings=rule.settings)
                    found[dtype] = self.top1(of_type, batches)
                    count(named(rule))
                rows.append((named(rule), found))
        return Top1(self.before, len(self.test.images), tuple(rows))


@cache
def classifier_trials() -> ClassifierTrials:
    """The lesson's trials: crops are drawn once, for every cell that asks."""
    return ClassifierTrials()


@dataclass(frozen=True, repr=False)
class Top1(Report):
    """Top-1 in percent by observer and type of the activations."""

    before: float
    crops: int
    found: tuple[tuple[str, dict[str, float]], ...]

    @property
    def summary(self) -> str:
        return (
            f"Classifier, top-1 in % on {self.crops} test crops: weights int8 per-channel, "
            "activations as in the header"
        )

    def top1(self, observer: str, dtype: str) -> float:
        """In percent, with this observer and this type."""
        return 100 * dict(self.found)[observer][dtype]

    def tables(self) -> tuple[Table, ...]:
        dtypes = list(self.found[0][1])
        columns = (Column("observer", "observer"), *(Column(d, d, ".1f") for d in dtypes))
        rows = [{"observer": "FP32"} | dict.fromkeys(dtypes, 100 * self.before)]
        rows += [
            {"observer": name} | {d: 100 * v for d, v in by_type.items()}
            for name, by_type in self.found
        ]
        return (Table(columns, tuple(rows), strong=frozenset([0])),)
