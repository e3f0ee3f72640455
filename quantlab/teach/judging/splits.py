"""What the cases have in common that an answer gets right: said of all cases, or not said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from quantlab.teach.judging.patterns import Pattern, Seen

#: A split needs this many cases on each side, or chance could have made it.
CASES_A_SIDE = 2


def find_split(seen: Sequence[Seen]) -> Pattern | None:
    """Which property of the arguments tells the right cases from the ones that are off."""
    if not any(s.off for s in seen) or all(s.off for s in seen):
        return None
    for said, holds in _properties(seen):
        try:
            sides = [bool(holds(s)) for s in seen]
        except (TypeError, ValueError, KeyError, IndexError):
            continue
        if min(sum(sides), len(sides) - sum(sides)) < CASES_A_SIDE:
            continue
        if all(side != s.off for side, s in zip(sides, seen, strict=True)):
            return Pattern("split", f"Right whenever {said}, off in every other case.")
        if all(side == s.off for side, s in zip(sides, seen, strict=True)):
            return Pattern("split", f"Off whenever {said}, right in every other case.")
    return None


def _properties(seen: Sequence[Seen]) -> Iterator[tuple[str, Callable[[Seen], bool]]]:
    names = list(seen[0].args)
    for name in names:
        yield from _of_one(name, [s.args.get(name) for s in seen])
    for one, other in pairwise(names):
        yield f"`{one}` equals `{other}`", lambda s, a=one, b=other: s.args[a] == s.args[b]
        yield f"`{one}` is −`{other}`", lambda s, a=one, b=other: s.args[a] == -s.args[b]
    yield "the right answer is 0 or more", lambda s: float(np.min(s.want)) >= 0
    yield "the arguments are the same size in height and width", lambda s: _square(s.args)


def _of_one(name: str, values: list[Any]) -> Iterator[tuple[str, Callable[[Seen], bool]]]:
    if all(isinstance(v, bool) for v in values):
        yield f"`{name}` is True", lambda s: s.args[name]
        return
    if all(isinstance(v, int | float) for v in values):
        yield f"`{name}` is 0", lambda s: s.args[name] == 0
        yield f"`{name}` is 1", lambda s: s.args[name] == 1
        yield f"`{name}` is above 0", lambda s: s.args[name] > 0
        yield f"`{name}` is below 0", lambda s: s.args[name] < 0
        yield f"`{name}` is even", lambda s: s.args[name] % 2 == 0
        few = sorted(set(values)) if len(set(values)) <= 4 else []
        for value in few:
            yield f"`{name}` is {value:g}", lambda s, v=value: s.args[name] == v
            yield f"`{name}` is {value:g} or more", lambda s, v=value: s.args[name] >= v
        return
    if all(isinstance(v, np.ndarray) for v in values):
        yield f"`{name}` has one axis", lambda s: np.ndim(s.args[name]) == 1
        yield f"`{name}` has nothing below 0", lambda s: float(np.min(s.args[name])) >= 0
        yield f"`{name}` reaches farther above 0 than below", lambda s: _leans_up(s.args[name])
    if all(isinstance(v, list | tuple) for v in values):
        lengths = sorted({len(v) for v in values})
        for n in lengths:
            yield f"`{name}` has {n} entries", lambda s, n=n: len(s.args[name]) == n


def _leans_up(values: np.ndarray) -> bool:
    return float(values.max()) >= -float(values.min())


def _square(args: Any) -> bool:
    """Kernels, pictures and shapes: the last two numbers of every shape are equal."""
    shapes = [v for v in args.values() if isinstance(v, tuple | list) and v]
    flat = [s for v in shapes for s in (v if isinstance(v[0], tuple | list) else [v])]
    flat = [s for s in flat if len(s) > 2]
    pairs = [(s[-2], s[-1]) for s in flat]
    if "height" in args and "width" in args:
        pairs.append((args["height"], args["width"]))
    if not pairs:
        raise ValueError("no shapes here")
    return all(h == w for h, w in pairs)
