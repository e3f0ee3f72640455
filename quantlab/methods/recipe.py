"""Recipe: how a model is to be quantized, as plain data.

Nothing here runs anything, so a recipe can be written, stored as JSON, compared, and carried out by
somebody else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.plain_data import (
    from_plain,
    instance_of,
    known_keys,
    one_of,
    real,
    to_plain,
    whole,
)
from quantlab.methods.rule import Rule
from quantlab.numerics import integer_type

BIAS_CORRECTIONS = (None, "analytic", "empirical")
# ONNX Runtime's tool narrows symmetric int8 to [-127, 127] too.
WEIGHTS = Rule("int8", "symmetric", "per-channel", "minmax", narrow=True)
ACTIVATIONS = Rule("uint8", "asymmetric", "per-tensor", "percentile")


@dataclass(frozen=True)
class LearnedRounding:
    """Settings of learned rounding (AdaRound): each weight is taught whether to go up or down.

    Parameters
    ----------
    steps : int
        Steps of the optimizer for each layer, 1 or more.
    learning_rate : float
        Of the optimizer, above 0.
    regularization : float
        Weight of the term that pushes every rounding to a whole step, 0 or more, in units of what
        rounding to nearest costs.
    batch_size : int
        Images drawn for each step, 1 or more.
    seed : int
        Draws the images of each step.
    """

    steps: int = 1000
    learning_rate: float = 0.03
    regularization: float = 30.0
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.steps, "steps", at_least=1)
        real(self.learning_rate, "learning_rate", above=0)
        real(self.regularization, "regularization")
        whole(self.batch_size, "batch_size", at_least=1)
        whole(self.seed, "seed", at_least=0)


@dataclass(frozen=True)
class Training:
    """Settings of quantization-aware training.

    Parameters
    ----------
    epochs : int
        Passes over the training data, 1 or more.
    learning_rate : float
        Of the optimizer, above 0.
    freeze_observers_after, freeze_batchnorm_after : int, optional
        The epoch from which rulers, or the statistics of BatchNorm, stay as they are; None: never.
    lsq : bool
        Learn the scales too (LSQ) instead of observing them.
    seed : int
        Draws the order of the data.
    """

    epochs: int = 1
    learning_rate: float = 1e-4
    freeze_observers_after: int | None = None
    freeze_batchnorm_after: int | None = None
    lsq: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.epochs, "epochs", at_least=1)
        real(self.learning_rate, "learning_rate", above=0)
        for name in ("freeze_observers_after", "freeze_batchnorm_after"):
            if getattr(self, name) is not None:
                whole(getattr(self, name), name, at_least=0)
        instance_of(self.lsq, bool, "lsq", "True or False")
        whole(self.seed, "seed", at_least=0)


@dataclass(frozen=True)
class Recipe:
    """How a model is to be quantized.

    Parameters
    ----------
    weights : Rule
        Default: int8, symmetric, one scale an output channel, smallest and largest value. The
        integers are [-127, 127], as ONNX Runtime's tool has them.
    activations : Rule
        Default: uint8, asymmetric, per-tensor, percentile. 8 or 16 bits, always per-tensor: a
        scale for each input channel could not be taken out of a sum over channels.
    keep_float : tuple of str
        Layers that stay FP32, by module path ("features.0.conv") or node name.
    layers : mapping of str to Rule
        Mixed precision: the weight rule of single layers, named in the same way.
    equalize : bool
        Even out the ranges of neighbouring layers first (cross-layer equalization), and absorb the
        biases that this raises. A ReLU6 between two layers is in the way: see `replace_relu6`.
    bias_correction : None, "analytic" or "empirical"
        Take the mean error that quantized weights cause out of the biases: as BatchNorm tells it,
        without data and only where there was one, or as the calibration data shows it.
    learned_rounding : LearnedRounding, optional
    training : Training, optional

    Raises
    ------
    ValueError
        A value is none of these.

    Examples
    --------
    >>> recipe = Recipe(keep_float=["classifier"], layers={"stem": Rule("int4", "symmetric")})
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    weights: Rule = WEIGHTS
    activations: Rule = ACTIVATIONS
    keep_float: tuple[str, ...] = ()
    layers: Mapping[str, Rule] = FrozenMapping()
    equalize: bool = False
    bias_correction: str | None = None
    learned_rounding: LearnedRounding | None = None
    training: Training | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        if isinstance(self.keep_float, str):
            raise ValueError(
                f"keep_float is the string {self.keep_float!r}, but it holds names of layers: "
                f"pass ({self.keep_float!r},)."
            )
        put(self, "keep_float", tuple(self.keep_float))
        for name in self.keep_float:
            instance_of(name, str, "an entry of keep_float", "the name of a layer")
        instance_of(self.layers, Mapping, "layers", "a mapping of layer names to Rules")
        put(self, "layers", FrozenMapping(self.layers))
        instance_of(self.weights, Rule, "weights", "a Rule")
        instance_of(self.activations, Rule, "activations", "a Rule")
        for name, rule in self.layers.items():
            instance_of(rule, Rule, f"layers[{name!r}]", "a Rule for the weights of that layer")
        instance_of(self.equalize, bool, "equalize", "True or False")
        one_of(self.bias_correction, BIAS_CORRECTIONS, "bias_correction")
        if self.learned_rounding is not None:
            instance_of(
                self.learned_rounding, LearnedRounding, "learned_rounding", "a LearnedRounding"
            )
        if self.training is not None:
            instance_of(self.training, Training, "training", "a Training")
        self._check_activations()

    def _check_activations(self) -> None:
        if integer_type(self.activations.dtype).bits < 8:
            raise ValueError(
                f"activations have dtype {self.activations.dtype}, but runtimes compute with 8 or "
                f"16 bits: choose uint8, int8, uint16 or int16; weights may have 4."
            )
        if self.activations.granularity != "per-tensor":
            raise ValueError(
                "activations are per-channel, but a scale for each input channel cannot be taken "
                "out of a sum over channels: choose per-tensor."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data: dicts, lists, strings and numbers."""
        return dict(to_plain(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The recipe that `to_dict` was called on; keys left out have their defaults.

        Raises
        ------
        ValueError
            An unknown key or value.
        """
        made = known_keys(cls, data, "recipe")
        for name in ("weights", "activations"):
            if name in made:
                made[name] = from_plain(Rule, made[name], name)
        if "layers" in made:
            instance_of(made["layers"], Mapping, "layers", "a mapping of layer names to Rules")
            made["layers"] = {
                name: from_plain(Rule, rule, f"layers[{name!r}]")
                for name, rule in made["layers"].items()
            }
        for name, kind in (("learned_rounding", LearnedRounding), ("training", Training)):
            if made.get(name) is not None:
                made[name] = from_plain(kind, made[name], name)
        return cls(**made)

    def to_json(self) -> str:
        """`to_dict` as indented JSON."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The recipe that `to_json` was called on.

        Raises
        ------
        ValueError
            The text is not JSON, or `from_dict` refuses it.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"the recipe is not JSON ({error}): pass what Recipe.to_json wrote."
            ) from None
        return cls.from_dict(data)
