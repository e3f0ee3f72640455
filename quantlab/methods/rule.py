"""Rule: how one kind of tensor, weights or activations, gets its rulers."""

from collections.abc import Mapping
from dataclasses import dataclass
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
GRANULARITIES = ("per-tensor", "per-channel")
# Settings of every observer, which the rule states itself.
SHARED = tuple(name for name in signature(Observer.__init__).parameters if name != "self")


@dataclass(frozen=True)
class Rule:
    """How one kind of tensor gets its rulers.

    Parameters
    ----------
    dtype : str
        One of `quantlab.DTYPES`: int2, uint2 and so on, of 2, 3, 4, 6, 8 or 16 bits.
    scheme : str
        "asymmetric" or "symmetric", as in `choose_qparams`.
    granularity : str
        "per-tensor" or "per-channel".
    observer : str
        minmax, moving_average, percentile, mse or entropy.
    settings : mapping
        The observer's own settings, for example {"percentile": 99.99}. Those left out have the
        observer's defaults.
    narrow : bool
        Leave out the lowest integer: int8 becomes [-127, 127].

    Raises
    ------
    ValueError
        A value is none of these, or the observer has no such setting.

    Examples
    --------
    >>> Rule(observer="minmax").make_observer().partial_fit([0.0, 2.55]).qparams()
    QParams(scale=0.01, zero_point=0, dtype='uint8')
    """

    dtype: str = "uint8"
    scheme: str = "asymmetric"
    granularity: str = "per-tensor"
    observer: str = "percentile"
    settings: Mapping[str, Any] = FrozenMapping()
    narrow: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", integer_type(self.dtype).name)
        one_of(self.scheme, SCHEMES, "scheme")
        one_of(self.granularity, GRANULARITIES, "granularity")
        one_of(self.observer, tuple(OBSERVERS), "observer")
        instance_of(self.narrow, bool, "narrow", "True or False")
        instance_of(self.settings, Mapping, "settings", "a mapping of names to values")
        object.__setattr__(self, "settings", FrozenMapping(self.settings))
        own = [
            name
            for name in signature(OBSERVERS[self.observer].__init__).parameters
            if name not in ("self", *SHARED)
        ]
        for name in self.settings:
            if name not in own:
                raise ValueError(
                    f"settings has {name!r}, but the settings of the {self.observer} observer are "
                    f"{', '.join(own) or 'none'}: correct the name or leave it out."
                )

    def make_observer(self, axis: int | None = None) -> Observer:
        """A new observer that follows this rule.

        Parameters
        ----------
        axis : int, optional
            The tensor's channel axis. A per-tensor rule does not look at it.
        """
        return OBSERVERS[self.observer](
            dtype=self.dtype,
            scheme=self.scheme,
            narrow=self.narrow,
            axis=axis if self.granularity == "per-channel" else None,
            **self.settings,
        )
