"""What was seen, as plain numbers: the ground on which patterns are stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Roundings of a learner in float32, a few in a row, stay below this; no factor in use is nearer to
#: another one (255 / 256 and 1 differ by 0.004).
SAME = 1e-5


@dataclass(frozen=True)
class Seen:
    """One case: arguments by name, the learner's answer, the right one, and whether it is off.

    `about` is the name under which the learner defines the answer.
    """

    args: Mapping[str, Any]
    got: Any
    want: Any
    off: bool
    about: str = ""


@dataclass(frozen=True)
class Pattern:
    """A name for the record and one sentence for the learner."""

    name: str
    sentence: str


def subject(got: Floats) -> str:
    """What a sentence about these answers begins with."""
    return "It" if got.size == 1 else "Every answer"


def words(seen: Sequence[Seen]) -> set[str]:
    """The words in the names of the answer and of its arguments."""
    return {word for name in (seen[0].about, *seen[0].args) for word in name.lower().split("_")}


def numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf" and np.size(value) > 0
    except ValueError:
        return False


def floats(seen: Seen) -> tuple[Floats, Floats]:
    return np.asarray(seen.got, dtype=np.float64), np.asarray(seen.want, dtype=np.float64)


def off_values(got: Floats, want: Floats, seen: Sequence[Seen]) -> NDArray[np.bool_]:
    """Value by value: off in a case that is off."""
    case = np.concatenate([np.full(np.size(s.want), s.off) for s in seen])
    near = np.isclose(got, want, rtol=0 if whole(seen) else SAME, atol=0, equal_nan=True)
    return case & ~near


def whole(seen: Sequence[Seen]) -> bool:
    """Integers are right, so nothing is near: it is equal or it is not."""
    return all(np.asarray(s.want).dtype.kind in "iu" for s in seen)


def close(one: Any, other: Any) -> bool:
    return bool(np.allclose(one, other, rtol=SAME, atol=1e-30, equal_nan=True))


def one_value(values: Floats) -> bool:
    return bool((values == values.flat[0]).all())


def scalars(seen: Sequence[Seen]) -> list[str]:
    """The arguments that are a plain number in every case."""
    return [
        name for name in seen[0].args if all(type(s.args.get(name)) in (int, float) for s in seen)
    ]


def spread(seen: Sequence[Seen], name: str) -> Floats:
    """The argument of each case, once for every value of its answer."""
    return np.concatenate([np.full(np.size(s.want), float(s.args[name])) for s in seen])
