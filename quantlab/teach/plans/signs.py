"""Signs of a flaw: what a plan shows at a glance, before it is carried out."""

from __future__ import annotations

from quantlab.methods import Rule
from quantlab.numerics import PercentileObserver, integer_type
from quantlab.scenes import CONDITIONS, Calibration


def bits(rule: Rule) -> int:
    """Bits of the rule's integers; one that a recipe filled in has a dtype."""
    return integer_type(str(rule.dtype)).bits


def percent_inside(rule: Rule) -> float:
    """The percentage of the values that the rule's observer leaves unclipped; 100 if it asks for
    none to be clipped."""
    observer = rule.make_observer()
    return observer.percentile if isinstance(observer, PercentileObserver) else 100.0


def leaves_out(scenes: Calibration, condition: str) -> bool:
    """Does no scene in this condition, such as "night", measure the ranges?"""
    others = set(CONDITIONS) - {condition}
    return condition in scenes.without or not others.isdisjoint(scenes.only)
