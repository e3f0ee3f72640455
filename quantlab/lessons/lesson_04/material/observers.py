"""The observers that lesson 04 compares, and their names in its tables."""

from __future__ import annotations

from quantlab.methods import Rule

MINMAX = Rule(observer="minmax")
OBSERVERS = (
    MINMAX,
    Rule(observer="moving_average"),
    Rule(observer="percentile", settings={"percentile": 99.9}),
    Rule(observer="percentile", settings={"percentile": 99.0}),
    Rule(observer="mse"),
    Rule(observer="entropy"),
)


def named(rule: Rule) -> str:
    """The observer and its setting: "percentile 99.9"."""
    return " ".join([rule.observer or "", *(f"{v:g}" for v in (rule.settings or {}).values())])


def observers_named(*names: str) -> tuple[Rule, ...]:
    """Those of OBSERVERS with these names, in this order.

    Raises
    ------
    KeyError
        No observer of the lesson has such a name.
    """
    known = {named(rule): rule for rule in OBSERVERS}
    return tuple(known[name] for name in names)
