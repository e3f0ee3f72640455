"""What the cases have in common that an answer gets right: said of all cases, or not said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from quantlab.teach.judging.seen import Pattern, Seen

#: A split needs this many cases on each side, or chance could have made it.
CASES_A_SIDE = 2
#: An argument with no more values than these is asked about value by value.
FEW_VALUES = 4

Property = tuple[str, Callable[[Any], bool]]


def find_split(seen: Sequence[Seen]) -> Pattern | None:
    """Which property of the arguments tells the right cases from the ones that are off."""
    off = [s.off for s in seen]
    if min(sum(off), len(off) - sum(off)) < CASES_A_SIDE:
        return None
    for said, sides in _sides(seen):
        if sides == [not o for o in off]:
            return Pattern("split", f"Right whenever {said}, off in every other case.")
        if sides == off:
            return Pattern("split", f"Off whenever {said}, right in every other case.")
    return None


def _sides(seen: Sequence[Seen]) -> Iterator[tuple[str, list[bool]]]:
    """A sentence about a case, and of which cases it is true."""
    names = list(seen[0].args)
    for name in names:
        values = [s.args[name] for s in seen]
        for said, holds in _properties(values):
            yield f"`{name}` {said}", [holds(v) for v in values]
    for one, other in pairwise(names):
        pairs = [(s.args[one], s.args[other]) for s in seen]
        if all(isinstance(v, int | float) for pair in pairs for v in pair):
            yield f"`{one}` equals `{other}`", [a == b for a, b in pairs]
    shapes = [_sides_of_pictures(s.args) for s in seen]
    if all(shapes):
        yield "height and width are equal", [all(h == w for h, w in sides) for sides in shapes]


def _properties(values: list[Any]) -> Iterator[Property]:
    """What can be said of one argument, fit for the kind of its values."""
    if all(isinstance(v, bool) for v in values):
        yield "is True", bool
    elif all(isinstance(v, int | float) for v in values):
        yield from (
            ("is 0", lambda v: v == 0),
            ("is 1", lambda v: v == 1),
            ("is above 0", lambda v: v > 0),
            ("is below 0", lambda v: v < 0),
            ("is even", lambda v: v % 2 == 0),
        )
        different = sorted(set(values))
        if len(different) <= FEW_VALUES:
            yield from ((f"is {n:g}", _is(n)) for n in different)
            yield from ((f"is {n:g} or more", _at_least(n)) for n in different)
    elif all(isinstance(v, np.ndarray) for v in values):
        yield "has one axis", lambda v: v.ndim == 1
        yield "has nothing below 0", lambda v: float(v.min()) >= 0
        yield "reaches farther above 0 than below", lambda v: float(v.max()) >= -float(v.min())
    elif all(isinstance(v, list | tuple) for v in values):
        for n in sorted({len(v) for v in values}):
            yield f"has {n} entries", _has(n)


def _is(number: float) -> Callable[[Any], bool]:
    return lambda value: bool(value == number)


def _at_least(number: float) -> Callable[[Any], bool]:
    return lambda value: bool(value >= number)


def _has(count: int) -> Callable[[Any], bool]:
    return lambda value: len(value) == count


def _sides_of_pictures(args: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(height, width) of every kernel, picture and feature map among the arguments."""
    found = [(args["height"], args["width"])] if {"height", "width"} <= args.keys() else []
    for value in args.values():
        shapes = value if isinstance(value, list) else [value]
        found += [s[-2:] for s in shapes if isinstance(s, tuple) and len(s) > 2]
    return found
