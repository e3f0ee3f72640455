"""Rule: how one kind of tensor, weights or activations, gets its rulers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from inspect import signature
from typing import Any

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.plain_data import instance_of, one_of
from quantlab.numerics import (
    EntropyObserver,
    MinMaxObserver,
    MovingAverageObserver,
    MSEObserver,
    PercentileObserver,
    integer_type,
)
from quantlab.numerics.choose import SCHEMES
from quantlab.numerics.observers.observer import Observer

OBSERVERS: dict[str, type[Observer]] = {
    "minmax": MinMaxObserver,
    "moving_average": MovingAverageObserver,
    "percentile": PercentileObserver,
    "mse": MSEObserver,
    "entropy": EntropyObserver,
}
CHOICES = {
    "scheme": SCHEMES,
    "granularity": ("per-tensor", "per-channel"),
    "observer": tuple(OBSERVERS),
}
# Settings of every observer, which the rule states itself.
SHARED = tuple(name for name in signature(Observer.__init__).parameters if name != "self")


@dataclass(frozen=True)
class Rule:
    """How one kind of tensor gets its rulers.

    What is left out, None, is filled in by the Recipe that the rule becomes part of: for weights
    and for activations in another way.

    Parameters
    ----------
    dtype : str, optional
        One of `quantlab.DTYPES`: int2, uint2 and so on, of 2, 3, 4, 6, 8 or 16 bits.
    scheme : str, optional
        "asymmetric" or "symmetric", as in `choose_qparams`.
    granularity : str, optional
        "per-tensor" or "per-channel".
    observer : str, optional
        minmax, moving_average, percentile, mse or entropy.
    settings : mapping, optional
        The observer's own settings, for example {"percentile": 99.99}. Those left out have the
        observer's defaults.
    narrow : bool, optional
        Leave out the lowest integer: int8 becomes [-127, 127].

    Raises
    ------
    ValueError
        A value is none of these, or the observer has no such setting.

    Examples
    --------
    >>> Rule("int4").filled_in(WEIGHTS).granularity
    'per-channel'
    >>> rule = Rule(observer="minmax").filled_in(ACTIVATIONS)
    >>> rule.make_observer().partial_fit([0.0, 2.55]).qparams()
    QParams(scale=0.01, zero_point=0, dtype='uint8')
    """

    dtype: str | None = None
    scheme: str | None = None
    granularity: str | None = None
    observer: str | None = None
    settings: Mapping[str, Any] | None = None
    narrow: bool | None = None

    def __post_init__(self) -> None:
        if self.dtype is not None:
            object.__setattr__(self, "dtype", integer_type(self.dtype).name)
        for name, allowed in CHOICES.items():
            if getattr(self, name) is not None:
                one_of(getattr(self, name), allowed, name)
        if self.narrow is not None:
            instance_of(self.narrow, bool, "narrow", "True or False")
        if self.settings is not None:
            instance_of(self.settings, Mapping, "settings", "a mapping of names to values")
            object.__setattr__(self, "settings", FrozenMapping(self.settings))
            self._check_settings()

    def _check_settings(self) -> None:
        known = [self.observer] if self.observer else list(OBSERVERS)
        own = dict.fromkeys(name for observer in known for name in own_settings(observer))
        for name in self.settings or ():
            if name not in own:
                raise ValueError(
                    f"settings has {name!r}, but the settings of the {self.observer or 'any'} "
                    f"observer are {', '.join(own) or 'none'}: correct the name or leave it out."
                )

    def filled_in(self, default: "Rule") -> "Rule":
        """This rule, with what it leaves out as `default` has it.

        Settings belong to an observer, and `narrow` to a scheme: where this rule names another one
        than `default`, what it leaves out of these is the observer's own default, and False.
        """
        same_observer = self.observer in (None, default.observer)
        base = replace(
            default,
            settings=default.settings if same_observer else FrozenMapping(),
            narrow=default.narrow if self.scheme in (None, default.scheme) else False,
        )
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        # All at once: the settings are checked against the observer they are for.
        return Rule(**{n: getattr(base, n) if v is None else v for n, v in given.items()})

    def make_observer(self, axis: int | None = None) -> Observer:
        """A new observer that follows this rule.

        Parameters
        ----------
        axis : int, optional
            The tensor's channel axis. A per-tensor rule does not look at it.

        Raises
        ------
        ValueError
            The rule leaves out more than settings and narrow, which are then none and False.
        """
        dtype, scheme, observer = self.dtype, self.scheme, self.observer
        if dtype is None or scheme is None or observer is None or self.granularity is None:
            needed = ("dtype", "scheme", "granularity", "observer")
            missing = [name for name in needed if getattr(self, name) is None]
            raise ValueError(
                f"the rule leaves out {', '.join(missing)}, but an observer needs to know: take it "
                f"from a Recipe, which fills it in for weights or for activations."
            )
        return OBSERVERS[observer](
            dtype=dtype,
            scheme=scheme,
            narrow=bool(self.narrow),
            axis=axis if self.granularity == "per-channel" else None,
            **(self.settings or {}),
        )


def own_settings(observer: str) -> list[str]:
    """What an observer can be told beside what the rule states itself."""
    parameters = signature(OBSERVERS[observer].__init__).parameters
    return [name for name in parameters if name not in ("self", *SHARED)]


# ONNX Runtime's tool narrows symmetric int8 to [-127, 127] too.
WEIGHTS = Rule("int8", "symmetric", "per-channel", "minmax", {}, narrow=True)
ACTIVATIONS = Rule("uint8", "asymmetric", "per-tensor", "percentile", {}, narrow=False)
