"""A plan: a recipe, the scenes that its ranges are measured on, and how the model is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from quantlab.base.plain_data import instance_of, known_keys, shown, whole
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.scenes.splits import require
from quantlab.teach.plans.inference import AS_EXPORTED, Inference

SCENES = ("count", "only", "without")
#: More would keep whoever tries the plan waiting; hundreds are what a ruler needs.
MOST_SCENES = 1_000
#: The same of an observer's settings: memory goes with the bins, and with the square of the steps.
MOST_OF = {"bins": 16_384, "quantized_bins": 16_384, "steps": 1_000}
MOST_ROUNDING_STEPS = 10_000
#: No setting of an observer or of an optimizer is farther from 0; torch computes in float32.
FARTHEST = 1e9
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """How a model is to be quantized, and on which scenes it is calibrated.

    Parameters
    ----------
    recipe : Recipe
    calibration : Calibration
        Scenes by number and slices; their size is the model's.
    inference : Inference
        How the file is exported and run; left out, as `export_onnx` does by itself.

    Raises
    ------
    TypeError
        Another split: scenes that a model is judged by cannot measure its ranges.
    ValueError
        No Recipe; more than 1,000 scenes; a setting that is no number, or so large that carrying
        the plan out would fill a machine's memory.

    Examples
    --------
    >>> plan = Plan(Recipe(), Calibration(64, without=("night",)))
    >>> Plan.from_dict(plan.to_dict()) == plan
    True
    """

    recipe: Recipe
    calibration: Calibration
    inference: Inference = AS_EXPORTED

    def __post_init__(self) -> None:
        instance_of(self.recipe, Recipe, "recipe", "a Recipe")
        instance_of(self.inference, Inference, "inference", "an Inference")
        require(self.calibration, Calibration)
        if self.calibration.count > MOST_SCENES:
            raise ValueError(
                f"The plan calibrates on {self.calibration.count:,} scenes, but at most "
                f"{MOST_SCENES:,} are drawn for a plan: ask for fewer."
            )
        for where, rule in _rules(self.recipe):
            for name, value in (rule.settings or {}).items():
                _number(value, f"{name} of {where}", MOST_OF.get(name, FARTHEST))
        learned = self.recipe.learned_rounding
        if learned is not None:
            _number(learned.steps, "steps of learned_rounding", MOST_ROUNDING_STEPS)
            _number(learned.batch_size, "batch_size of learned_rounding", MOST_SCENES)
            _number(learned.learning_rate, "learning_rate of learned_rounding", FARTHEST)
            _number(learned.regularization, "regularization of learned_rounding", FARTHEST)
            _number(learned.seed, "seed of learned_rounding", LARGEST_SEED)

    def with_recipe(self, **changes: Any) -> Plan:
        """This plan with other parts in its recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))

    def with_scenes(self, **changes: Any) -> Plan:
        """This plan with other calibration scenes."""
        return replace(self, calibration=replace(self.calibration, **changes))

    def with_inference(self, **changes: Any) -> Plan:
        """This plan, run in another way."""
        return replace(self, inference=replace(self.inference, **changes))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: dicts, lists, strings and numbers."""
        scenes = self.calibration
        chosen = {"only": list(scenes.only), "without": list(scenes.without)}
        calibration = {"count": scenes.count, **chosen}
        return {
            "recipe": self.recipe.to_dict(),
            "calibration": calibration,
            "inference": self.inference.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The plan that `to_dict` was called on; nothing in `data` is trusted.

        Raises
        ------
        ValueError
            An unknown key or value, in one sentence.
        """
        made = known_keys(cls, data, "plan")
        for name in ("recipe", "calibration"):
            if name not in made:
                raise ValueError(f"The plan has no {name}: write Plan(recipe, calibration).")
        return cls(
            Recipe.from_dict(made["recipe"]),
            _scenes(made["calibration"]),
            Inference.from_dict(made.get("inference", {})),
        )


def _rules(recipe: Recipe) -> Iterator[tuple[str, Rule]]:
    yield "weights", recipe.weights
    yield "activations", recipe.activations
    yield from recipe.layers.items()
    yield from recipe.tensors.items()


def _number(value: Any, name: str, most: float) -> None:
    whole_one = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole_one and not (isinstance(value, float | np.floating) and np.isfinite(value)):
        raise ValueError(f"{name} is {str(value)[:40]}, but expected is a number: correct it.")
    if abs(value) > most:
        told = f"{value:,}" if abs(value) < LARGEST_SEED else shown(value)
        raise ValueError(
            f"{name} is {told}, but at most {most:,.0f} are computed for a plan: ask for fewer."
        )


def _scenes(data: Any) -> Calibration:
    instance_of(data, Mapping, "calibration", "a mapping of count, only and without")
    unknown = [key for key in data if key not in SCENES]
    if unknown:
        raise ValueError(
            f"calibration has the key {unknown[0]!r}, but scenes are chosen by "
            f"{', '.join(SCENES)}: leave it out."
        )
    whole(data.get("count"), "calibration.count", at_least=1)
    only, without = (_slices(data.get(name, ()), name) for name in SCENES[1:])
    return Calibration(data["count"], only=only, without=without)


def _slices(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(s, str) for s in value):
        raise ValueError(f"calibration.{name} is {value!r}, but it is a list of slices.")
    return tuple(value)
