"""The pattern that answers have against the right ones, where no misconception fits.

Pure functions on what was seen. Each pattern is stated of *all* cases and tested on all of them,
so it is the truth or it is not said. A sentence may name a factor that has a meaning of its own
(8 bits a byte, 1000 or 1024); it never prints a right answer, nor a number that leads straight to
it.
"""

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
    """One case: arguments by name, the learner's answer, the right one, and whether it is off."""

    args: Mapping[str, Any]
    got: Any
    want: Any
    off: bool


@dataclass(frozen=True)
class Pattern:
    """A name for the record and one sentence for the learner."""

    name: str
    sentence: str


#: Factors that have a meaning, each with the question that it asks of an answer so many times off.
FACTORS = (
    (8.0, "bits or bytes?"),
    (1000.0, "seconds or milliseconds, KB or MB?"),
    (1e6, "bytes or MB?"),
    (1.024, "1000 or 1024 in each step?"),
    (1.024**2, "1000 or 1024 in each step?"),
    (1.024**3, "1000 or 1024 in each step?"),
    (256 / 255, "levels or steps?"),
    (255.0, "is a range divided by its steps, once?"),
    (256.0, "is something divided by the levels, once?"),
    (128 / 127, "how many ticks lie on each side of 0?"),
    (255 / 127, "one side of the ruler or all of it?"),
    (2.0, "is something counted twice, or once where two are due?"),
    (4.0, "how many bytes does each value take?"),
    (100.0, "a share or per cent?"),
)


def find_pattern(seen: Sequence[Seen]) -> Pattern | None:
    """The most telling pattern that holds for every case, or None. Single answers, not tuples."""
    numbers = [s for s in seen if _numeric(s.got) and _numeric(s.want)]
    if len(numbers) != len(seen) or not seen:
        return None
    if found := shape_or_type(seen):
        return found
    pairs = [_floats(s) for s in seen]
    if any(got.shape != want.shape for got, want in pairs):
        return None
    got = np.concatenate([g.ravel() for g, _ in pairs])
    want = np.concatenate([w.ravel() for _, w in pairs])
    off = _off(got, want, seen)
    if not np.isfinite(got[np.isfinite(want)]).all():
        return Pattern("not_finite", "Some answers are inf or NaN: where might it divide by 0?")
    for relation in (same_for_all, an_argument, sign, factor, offset, upside_down, order, wrapped):
        if found := relation(got, want, seen):
            return found
    for partial in (unrounded, neighbours, one_side, ends, precision):
        if found := partial(got, want, off):
            return found
    return None


def shape_or_type(seen: Sequence[Seen]) -> Pattern | None:
    """The right numbers in another container, shape, order of axes or dtype."""
    off = [s for s in seen if s.off]
    pairs = [(np.asarray(s.got), np.asarray(s.want)) for s in off]
    if not off:
        return None
    if all(g.size == w.size and _close(g.ravel(), w.ravel()) for g, w in pairs):
        if any(g.shape != w.shape for g, w in pairs):
            want = "a single number" if not pairs[0][1].ndim else "another shape"
            return Pattern("container", f"The numbers are right. Expected is {want} around them.")
        kinds = [
            f"{g.dtype}" for g, w in pairs if g.dtype != w.dtype or isinstance(off[0].got, list)
        ]
        if kinds:
            return Pattern("dtype", "The numbers are right. In which type should they be held?")
    if all(w.ndim > 1 and g.shape == w.T.shape and _close(g, w.T) for g, w in pairs):
        return Pattern("transposed", "The numbers are right, the axes have changed places.")
    return None


def same_for_all(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """One answer, whatever is asked."""
    if len(seen) < 3 or _one_value(want) or not _one_value(got):
        return None
    return Pattern(
        "same_for_all",
        "The answer is the same for every input. Where do the arguments come in? An answer that "
        "fits one example has to fit every other one too.",
    )


def an_argument(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """An argument comes back as it went in."""
    for name in _scalars(seen):
        if len(seen) > 2 and _close(got, _spread(seen, name)) and not _one_value(got):
            return Pattern("an_argument", f"`{name}` comes back unchanged. What is done with it?")
    return None


def sign(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """The right sizes with other signs."""
    if not _close(np.abs(got), np.abs(want)) or _close(got, want):
        return None
    if _close(got, -want):
        return Pattern("sign", "Every answer has the right size and the opposite sign.")
    if (got >= 0).all():
        return Pattern("sign", "The sizes are right, and the sign is lost wherever it is negative.")
    return Pattern("sign", "The sizes are right, and some signs are not.")


def factor(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """Every answer is off by the same factor, or by a factor that is one of the arguments."""
    there = want != 0
    if not there.any() or (got[there] == 0).any() or np.abs(got[~there]).max(initial=0) > 0:
        return None
    ratio = got[there] / want[there]
    if _close(np.abs(ratio), np.ones(len(ratio))):
        return None
    if np.allclose(ratio, ratio[0], rtol=SAME, atol=0):
        return _constant_factor(float(ratio[0]), len(set(np.abs(want[there]))))
    for name in _scalars(seen):
        arg = _spread(seen, name)[there]
        if (arg == 0).any():
            continue
        for times, said in ((arg, "too large"), (1 / arg, "too small")):
            if _close(ratio, times):
                return Pattern(
                    "factor",
                    f"Every answer is `{name}` times {said}: multiplied or divided by it once too "
                    "often, or not at all?",
                )
    return None


def _constant_factor(ratio: float, different: int) -> Pattern | None:
    size = max(abs(ratio), 1 / abs(ratio))
    said = "too large" if abs(ratio) > 1 else "too small"
    for known, question in FACTORS:
        if abs(size / known - 1) < SAME:
            often = f"{known:g} times" if known == round(known) else "by one and the same factor"
            return Pattern("factor", f"Every answer is {often} {said}: {question}")
    if different < 3:
        return None
    return Pattern(
        "factor",
        f"Every answer is {said} by one and the same factor. Which number is multiplied or "
        "divided by once too often, or not at all?",
    )


def offset(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """Every answer is off by the same amount, or by one of the arguments."""
    apart = got - want
    if (apart == 0).any() or len(set(want)) < 2:
        return None
    if np.allclose(apart, apart[0], rtol=SAME, atol=SAME * float(np.abs(want).max())):
        said = "too large" if apart[0] > 0 else "too small"
        size = abs(float(apart[0]))
        if abs(size - 1) < SAME:
            return Pattern("offset", f"Every answer is one {said}: posts or gaps between them?")
        if abs(size - 128) < SAME:
            return Pattern("offset", f"Every answer is 128 {said}: signed or unsigned?")
        return Pattern("offset", f"Every answer is {said} by the same amount. What is added once?")
    for name in _scalars(seen):
        arg = _spread(seen, name)
        for sign_of, said in (
            (1, "too large"),
            (-1, "too small"),
            (2, "too large"),
            (-2, "too small"),
        ):
            if _close(apart, sign_of * arg) and (arg != 0).all():
                twice = "twice " if abs(sign_of) == 2 else ""
                return Pattern(
                    "offset", f"Every answer is {twice}`{name}` {said}: added, or taken away?"
                )
    return None


def upside_down(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """One over the right answer, or mirrored: right and given answers add up to one number."""
    if (want != 0).all() and _close(got * want, np.ones(len(want))):
        return Pattern("upside_down", "Every answer is upside down: which number goes on top?")
    total = got + want
    if len(set(want)) > 2 and np.allclose(total, total[0], rtol=SAME) and total[0] != 0:
        return Pattern("mirrored", "Every answer is mirrored: from which end do you count?")
    return None


def order(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """The right values in another order, in every case."""
    pairs = [_floats(s) for s in seen]
    if all(w.size > 1 for _, w in pairs) and not _close(got, want):
        if all(_close(g.ravel()[::-1], w.ravel()) for g, w in pairs):
            return Pattern("order", "The values are right and stand in reverse order.")
        if all(_close(np.sort(g.ravel()), np.sort(w.ravel())) for g, w in pairs):
            return Pattern("order", "The values are right and stand in another order.")
    return None


def wrapped(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """Off by whole multiples of 2^8, 2^16 or 2^32: an integer type was too small."""
    apart = got - want
    if not apart.any() or (got % 1 != 0).any() or (want % 1 != 0).any():
        return None
    for bits in (32, 16, 8):
        if (apart % 2**bits == 0).all():
            return Pattern(
                "wrapped",
                f"What is off is off by a whole multiple of 2 to the {bits}: {bits} bits keep the "
                "remainder of a number that does not fit. Where does such a type come in?",
            )
    return None


def unrounded(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Fractions where whole numbers are right, each of them next to the right one."""
    whole = (want % 1 == 0).all()
    if whole and (got % 1 != 0).any() and (np.abs(got - want) <= 0.5 + SAME).all():
        return Pattern("unrounded", "Fractions are left where a whole number is expected. Rounded?")
    return None


def neighbours(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Whole numbers, some of them the neighbour of the right one."""
    apart = got - want
    if (want % 1 != 0).any() or (got % 1 != 0).any() or not 0 < np.abs(apart).max() <= 1:
        return None
    way = "one too large" if apart.min() == 0 else "one too small"
    if apart.min() < 0 < apart.max():
        way = "one too large or one too small"
    return Pattern(
        "neighbours",
        f"{int(off.sum())} of {len(off)} numbers are {way}, the others are right. How do you "
        "round, and what do you do with ties?",
    )


def one_side(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Right on one side of 0, off on the other."""
    if off.all() or not off.any() or not (want < 0).any() or not (want > 0).any():
        return None
    if (want[off] < 0).all() and not off[want > 0].any() and off[want < 0].all():
        return Pattern("one_side", "Right where the result is above 0, off wherever it is below.")
    if (want[off] > 0).all() and not off[want < 0].any() and off[want > 0].all():
        return Pattern("one_side", "Right where the result is below 0, off wherever it is above.")
    return None


def ends(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Right between the ends of the range of results, off at the ends."""
    if off.all() or not off.any() or len(set(want)) < 4:
        return None
    at_end = (want == want.min()) | (want == want.max())
    if at_end[off].all():
        return Pattern("ends", "Right in the middle, off only at the ends. What happens there?")
    return None


def precision(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Near, and not as near as the arithmetic allows: digits were lost on the way."""
    if not off.any():
        return None
    there = want != 0
    apart = np.abs(got[there] / want[there] - 1)
    if (got[~there] == 0).all() and 0 < apart.max(initial=0.0) < 2e-3:
        return Pattern(
            "precision",
            "The answer is near, but digits are lost on the way: rounded too early, or held in a "
            "type of few digits such as float16?",
        )
    return None


def cut_digits(got: float, want: float) -> int | None:
    """How many decimals `got` has, when it is the right answer rounded to so many; else None."""
    text = repr(float(got))
    if "e" in text or got == want:
        return None
    decimals = len(text.partition(".")[2])
    return decimals if decimals < 6 and round(want, decimals) == got else None


def _numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf" and np.size(value) > 0
    except ValueError:
        return False


def _floats(seen: Seen) -> tuple[Floats, Floats]:
    return np.asarray(seen.got, dtype=np.float64), np.asarray(seen.want, dtype=np.float64)


def _off(got: Floats, want: Floats, seen: Sequence[Seen]) -> NDArray[np.bool_]:
    """Value by value: off in a case that is off."""
    case = np.concatenate([np.full(np.size(s.want), s.off) for s in seen])
    return case & ~np.isclose(got, want, rtol=SAME, atol=0, equal_nan=True)


def _close(one: Any, other: Any) -> bool:
    return bool(np.allclose(one, other, rtol=SAME, atol=1e-30, equal_nan=True))


def _one_value(values: Floats) -> bool:
    return bool((values == values.flat[0]).all())


def _scalars(seen: Sequence[Seen]) -> list[str]:
    """The arguments that are a plain number in every case."""
    return [
        name for name in seen[0].args if all(type(s.args.get(name)) in (int, float) for s in seen)
    ]


def _spread(seen: Sequence[Seen], name: str) -> Floats:
    """The argument of each case, once for every value of its answer."""
    return np.concatenate([np.full(np.size(s.want), float(s.args[name])) for s in seen])
