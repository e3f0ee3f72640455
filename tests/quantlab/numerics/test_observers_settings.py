"""Observers show and hand out their settings as scikit-learn's estimators do."""

import inspect

import numpy as np
import pytest

from quantlab import numerics
from quantlab.numerics.observers import __all__ as NAMES

CLASSES = [getattr(numerics, name) for name in NAMES]
EACH = pytest.mark.parametrize("kind", CLASSES)

# One value for each setting that is not its default.
OTHER = {
    "averaging_constant": 0.5,
    "axis": 1,
    "bins": 99,
    "dtype": "int4",
    "narrow": True,
    "percentile": 99.9,
    "quantized_bins": 16,
    "scheme": "symmetric",
    "steps": 7,
}


def settings_of(kind):
    return {name: OTHER[name] for name in inspect.signature(kind).parameters}


@EACH
def test_get_params_gives_what_the_constructor_took(kind):
    assert kind(**settings_of(kind)).get_params() == settings_of(kind)
    assert kind(**settings_of(kind)).get_params(deep=False) == settings_of(kind)


@EACH
def test_a_clone_has_the_settings_and_has_seen_nothing(kind):
    watched = kind(**settings_of(kind) | {"axis": None}).partial_fit(np.float32([1, 2, 3]))
    # What scikit-learn's clone does: the same class, called with get_params(deep=False).
    again = type(watched)(**watched.get_params(deep=False))
    assert again.get_params() == watched.get_params()
    with pytest.raises(ValueError, match="has seen no batch"):
        again.range()
    batch = np.float32([0.5, -4.0, 3.0])
    assert again.fit(batch).qparams() == watched.fit(batch).qparams()


@EACH
def test_repr_shows_only_what_was_changed_and_makes_the_observer_again(kind):
    assert repr(kind()) == f"{kind.__name__}()"
    full = kind(**settings_of(kind))
    shown = repr(full)
    again = eval(shown, vars(numerics).copy())
    assert (type(again), again.get_params()) == (kind, full.get_params())
    for name, value in settings_of(kind).items():
        assert repr(kind(**{name: value})) == f"{kind.__name__}({name}={value!r})"


@EACH
def test_repr_does_not_change_with_what_was_seen(kind):
    assert repr(kind().partial_fit(np.float32([1, 2]))) == repr(kind())
