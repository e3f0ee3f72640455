"""The lab of lesson 06: the shipped classifier, crops to calibrate and to judge, one line each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from quantlab.base.one_thread import one_thread
from quantlab.methods import QuantizedModel, Recipe, quantize_model
from quantlab.scenes import Calibration, Crops, Split, crops
from quantlab.zoo import evaluate_classifier, load

#: Crops of each of the ten classes.
TO_JUDGE, TO_CALIBRATE = 50, 10


@dataclass(frozen=True, eq=False)
class Lab:
    """A model, the crops that judge it and the crops that calibrate it.

    Attributes
    ----------
    model : Classifier
        FP32, as shipped.
    crops, calibration : Crops
        500 and 100, as many of each class.
    """

    model: Any
    crops: Crops
    calibration: Crops
    _scores: WeakKeyDictionary[Any, float] = field(default_factory=WeakKeyDictionary, repr=False)

    def quantize(self, recipe: Recipe, *, progress: bool = False) -> QuantizedModel:
        """The model under a recipe."""
        batches = self.calibration.batches(self.model.preprocessing)
        with one_thread():
            return quantize_model(self.model, batches, recipe, progress=progress)

    def top1(self, network: Any) -> float:
        """Share of the crops that a network names right, 0 to 1; a network is judged once."""
        if network not in self._scores:
            with one_thread():
                judged = evaluate_classifier(network, self.model.preprocessing, self.crops)
            self._scores[network] = judged.top1
        return self._scores[network]


def open_lab(split: type[Split], per_class: int = TO_JUDGE) -> Lab:
    """A lab that judges by crops of `split`, `per_class` of each of the ten classes."""
    return Lab(load("classifier"), crops(split, per_class), crops(Calibration, TO_CALIBRATE))
