"""Recipe: how a model is to be quantized, as plain data.

Nothing here runs anything, so a recipe can be written, stored as JSON, compared, and carried out by
somebody else.
"""

import json
from collections.abc import Collection, Mapping
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
from quantlab.methods.rule import ACTIVATIONS, WEIGHTS, Rule

BIAS_CORRECTIONS = (None, "analytic", "empirical")
BY_NAME = "a mapping of layer names to Rules"
# Rules of one kind: of all, the default of what they leave out, and of single ones.
_ROLES = (("weights", WEIGHTS, "layers"), ("activations", ACTIVATIONS, "tensors"))


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
    decay : bool
        Let the learning rate fall to 0 along half a cosine, so that weights between two ticks come
        to rest; False: it stays as it is.
    """

    epochs: int = 1
    learning_rate: float = 1e-4
    freeze_observers_after: int | None = None
    freeze_batchnorm_after: int | None = None
    lsq: bool = False
    seed: int = 0
    decay: bool = False

    def __post_init__(self) -> None:
        whole(self.epochs, "epochs", at_least=1)
        real(self.learning_rate, "learning_rate", above=0)
        for name in ("freeze_observers_after", "freeze_batchnorm_after"):
            if getattr(self, name) is not None:
                whole(getattr(self, name), name, at_least=0)
        instance_of(self.lsq, bool, "lsq", "True or False")
        instance_of(self.decay, bool, "decay", "True or False")
        whole(self.seed, "seed", at_least=0)


@dataclass(frozen=True)
class Recipe:
    """How a model is to be quantized.

    A rule may be partial: `Recipe(weights=Rule("int4"))` is the default for weights with 4 bits.
    The recipe holds the rule with all that was left out filled in.

    Parameters
    ----------
    weights : Rule
        Default: int8, symmetric, one scale an output channel, smallest and largest value, narrow:
        the integers are [-127, 127], as ONNX Runtime's tool has them.
    activations : Rule
        Default: uint8, asymmetric, per-tensor, percentile. Always per-tensor: a scale for each
        input channel could not be taken out of a sum over channels.
    keep_float : tuple of str
        Layers that stay FP32, by any of their names, such as the path "features.0.conv".
    layers : mapping of str to Rule
        Mixed precision: the weight rule of single layers. What it leaves out is as in `weights`.
    tensors : mapping of str to Rule
        Mixed precision: the activation rule of single tensors, "input" for the model's input and
        else the name of the layer whose output it is. What it leaves out is as in `activations`.
        Where two names mean one tensor, as that of a convolution and of the Relu that its ruler
        does, the later one counts.
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
    tensors: Mapping[str, Rule] = FrozenMapping()
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
        instance_of(self.keep_float, Collection, "keep_float", "a tuple of names of layers")
        put(self, "keep_float", tuple(self.keep_float))
        for name in self.keep_float:
            instance_of(name, str, "an entry of keep_float", "the name of a layer")
        for role, default, single in _ROLES:
            instance_of(getattr(self, role), Rule, role, "a Rule")
            put(self, role, getattr(self, role).filled_in(default))
            rules = _rules_by_name(getattr(self, single), single)
            filled = {name: rule.filled_in(getattr(self, role)) for name, rule in rules.items()}
            put(self, single, FrozenMapping(filled))
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
        single = {f"tensors[{name!r}]": rule for name, rule in self.tensors.items()}
        for name, rule in ({"activations": self.activations} | single).items():
            if rule.granularity != "per-tensor":
                raise ValueError(
                    f"{name} are per-channel, but a scale for each input channel cannot be taken "
                    f"out of a sum over channels: choose per-tensor."
                )
            if rule.scheme != self.activations.scheme:
                raise ValueError(
                    f"{name} is {rule.scheme} and activations are {self.activations.scheme}, but "
                    f"the scheme decides which Relus the rulers do: choose one for all tensors."
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
        for single in ("layers", "tensors"):
            if single in made:
                instance_of(made[single], Mapping, single, BY_NAME)
                made[single] = {
                    name: from_plain(Rule, rule, f"{single}[{name!r}]")
                    for name, rule in made[single].items()
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


def _rules_by_name(rules: Any, what: str) -> Mapping[str, Rule]:
    instance_of(rules, Mapping, what, BY_NAME)
    for name, rule in rules.items():
        instance_of(rule, Rule, f"{what}[{name!r}]", "a Rule for that layer")
    return dict(rules)
