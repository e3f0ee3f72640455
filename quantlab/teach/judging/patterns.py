"""The pattern that answers have against the right ones, where no misconception fits.

Pure functions on what was seen. Each pattern is stated of *all* cases and tested on all of them,
so it is the truth or it is not said. A sentence may name a factor that has a meaning of its own
(8 bits a byte, 1000 or 1024); it never prints a right answer, nor a number that leads straight to
it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlab.teach.judging.containers import in_another_form
from quantlab.teach.judging.factors import factor, offset, upside_down
from quantlab.teach.judging.seen import (
    SAME,
    Floats,
    Pattern,
    Seen,
    close,
    floats,
    numeric,
    off_values,
    one_value,
    scalars,
    spread,
    subject,
)
from quantlab.teach.judging.yes_or_no import yes_or_no


def find_pattern(seen: Sequence[Seen]) -> Pattern | None:
    """The most telling pattern that holds for every case, or None. Single answers, not tuples."""
    if not seen or not any(s.off for s in seen):
        return None
    if found := in_another_form(seen):
        return found
    if not all(numeric(s.got) and numeric(s.want) for s in seen):
        return None
    if all(np.asarray(s.want).dtype.kind == "b" for s in seen):
        return yes_or_no(seen)
    pairs = [floats(s) for s in seen]
    if any(got.shape != want.shape for got, want in pairs):
        return None
    got = np.concatenate([g.ravel() for g, _ in pairs])
    want = np.concatenate([w.ravel() for _, w in pairs])
    off = off_values(got, want, seen)
    if not np.isfinite(got[np.isfinite(want)]).all():
        return Pattern("not_finite", "Some answers are inf or NaN: where might it divide by 0?")
    if not np.isfinite(want).all():
        return unbounded(got, want, off)
    for relation in (same_for_all, an_argument, sign, factor, offset, upside_down, order, wrapped):
        if found := relation(got, want, seen):
            return found
    # A single number has no ends: only the ticks of a tensor stop at both.
    at_ends = [ends] if any(np.ndim(s.want) for s in seen) else []
    for partial in (cut_off, unrounded, other_neighbour, one_side, *at_ends, precision):
        if found := partial(got, want, off):
            return found
    return where_an_argument(off, seen)


def same_for_all(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """One answer, whatever is asked."""
    if len(seen) < 3 or one_value(want) or not one_value(got):
        return None
    return Pattern(
        "same_for_all",
        "The answer is the same for every input. Where do the arguments come in? An answer that "
        "fits one example has to fit every other one too.",
    )


def unbounded(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """A number where the right answer is infinite, and right in every other case."""
    there = np.isinf(want)
    if off[~there].any() or not np.isfinite(got[there]).all():
        return None
    return Pattern(
        "unbounded",
        "Right but where there is no bound: a number comes back there. What keeps it finite?",
    )


def an_argument(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """An argument comes back as it went in."""
    for name in scalars(seen):
        if len(seen) > 2 and close(got, spread(seen, name)) and not one_value(got):
            return Pattern("an_argument", f"`{name}` comes back unchanged. What is done with it?")
    return None


def sign(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """The right sizes with other signs."""
    if not close(np.abs(got), np.abs(want)) or close(got, want):
        return None
    if close(got, -want):
        return Pattern("sign", f"{subject(got)} has the right size and the opposite sign.")
    if (got >= 0).all():
        return Pattern("sign", "The sizes are right, and the sign is lost wherever it is negative.")
    return Pattern("sign", "The sizes are right, and some signs are not.")


def order(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """The right values in another order, in every case."""
    pairs = [floats(s) for s in seen]
    if all(w.size > 1 for _, w in pairs) and not close(got, want):
        if all(close(g.ravel()[::-1], w.ravel()) for g, w in pairs):
            return Pattern("order", "The values are right and stand in reverse order.")
        if all(close(np.sort(g.ravel()), np.sort(w.ravel())) for g, w in pairs):
            return Pattern("order", "The values are right and stand in another order.")
    return None


def wrapped(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """Off by whole multiples of 2^8, 2^16 or 2^32, just where such a type cannot hold it.

    The overflow may come before a division of bits by 8.
    """
    apart = got - want
    if not apart.any() or (got % 1 != 0).any() or (want % 1 != 0).any():
        return None
    for bits, divided in ((8, 1), (16, 1), (32, 1), (32, 8)):
        for lo in (0, -(2 ** (bits - 1))):
            least, most = lo / divided, (lo + 2**bits - 1) / divided
            held = (want >= least) & (want <= most)
            inside = ((got >= least) & (got <= most)).all()
            multiple = (apart % (2**bits / divided) == 0).all()
            if inside and multiple and ((apart == 0) == held).all():
                return Pattern(
                    "wrapped",
                    f"Wrong just where {bits} bits cannot hold the number: they keep the remainder "
                    f"of 2 to the {bits}. Where does such a type come in?",
                )
    return None


def unrounded(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Fractions where whole numbers are right, each of them next to the right one."""
    whole = (want % 1 == 0).all()
    if whole and (got % 1 != 0).any() and (np.abs(got - want) <= 0.5 + SAME).all():
        return Pattern("unrounded", "Fractions are left where a whole number is expected. Rounded?")
    return None


def other_neighbour(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Whole numbers, some of them the neighbour of the right one."""
    apart = got - want
    if (want % 1 != 0).any() or (got % 1 != 0).any() or not 0 < np.abs(apart).max() <= 1:
        return None
    way = "one too large" if apart.min() >= 0 else "one too small"
    if got.size == 1:
        return Pattern("neighbours", f"It is {way}. Which way is it rounded or counted there?")
    if apart.min() < 0 < apart.max():
        way = "one too large or one too small"
    return Pattern(
        "neighbours",
        f"{int(off.sum())} of {len(off)} numbers are {way}, the others are right. How is each "
        "of them rounded or chosen, and what about ties?",
    )


def one_side(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Right on one side of 0, off on the other: on each side at least two, or it was chance."""
    if min((want < 0).sum(), (want > 0).sum()) < 2:
        return None
    if (want[off] < 0).all() and not off[want > 0].any() and off[want < 0].all():
        return Pattern("one_side", "Right where the result is above 0, off wherever it is below.")
    if (want[off] > 0).all() and not off[want < 0].any() and off[want > 0].all():
        return Pattern("one_side", "Right where the result is below 0, off wherever it is above.")
    return None


def ends(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Whole numbers that are right between the ends of their range, and off at the ends."""
    if off.all() or not off.any() or len(set(want)) < 4 or (want % 1 != 0).any():
        return None
    at_end = (want == want.min()) | (want == want.max())
    if at_end[off].all():
        return Pattern("ends", "Right in the middle, off only at the ends. What happens there?")
    return None


def precision(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """Near, and not as near as the arithmetic allows: digits were lost on the way.

    A float32 holds every whole number up to 2**24, so a smaller one that is off has another cause.
    """
    if not off.any():
        return None
    whole_numbers = (want % 1 == 0).all() and (got % 1 == 0).all()
    if whole_numbers and (np.abs(want[off]) < 2**24).any():
        return None
    with np.errstate(over="ignore"):
        if close(want.astype(np.float16).astype(np.float64), got):
            return Pattern("precision", "These are the digits that a float16 has. Where is one?")
    there = want != 0
    apart = np.abs(got[there] / want[there] - 1)
    if (got[~there] == 0).all() and 0 < apart.max(initial=0.0) < 2e-3:
        return Pattern(
            "precision",
            "The answer is near, but digits are lost on the way: rounded too early, or held in a "
            "type of few digits such as float16?",
        )
    return None


def cut_off(got: Floats, want: Floats, off: NDArray[np.bool_]) -> Pattern | None:
    """The right answers with decimals cut off or rounded away.

    A single small whole number says nothing: 2 beside 2.4 may come from anywhere.
    """
    by_chance = want.size == 1 and abs(want[0]) < 10
    if by_chance and got[0] % 1 == 0:
        return None
    if (np.trunc(want) == got).all() or (np.floor(want) == got).all():
        return Pattern("cut_off", "The decimals are cut off: `int` and `//` do that. Are they due?")
    for decimals in range(6):
        if (np.round(want, decimals) == got).all():
            many = f"{decimals} decimal{'s' * (decimals != 1)}"
            return Pattern("cut_off", f"The answer is rounded to {many}. Where, and is that due?")
    return None


def where_an_argument(off: NDArray[np.bool_], seen: Sequence[Seen]) -> Pattern | None:
    """Value by value: right where an argument is above 0, off where it is below, or the reverse."""
    for name in seen[0].args:
        values = [s.args[name] for s in seen]
        shapes = [np.shape(s.want) for s in seen]
        if [np.shape(v) for v in values] != shapes or not all(map(numeric, values)):
            continue
        below = np.concatenate([np.ravel(v) < 0 for v in values])
        if below.all() or not below.any() or off.all():
            continue
        if (off == below).all():
            return Pattern("one_side", f"Off just where `{name}` is below 0. What happens there?")
        if not off[below].any() and off[~below].all():
            return Pattern("one_side", f"Right wherever `{name}` is below 0, off elsewhere.")
        if not off[~below].any() and off.sum() > 2:
            return Pattern("one_side", f"What is off is off where `{name}` is below 0.")
    return None


def direction(seen: Sequence[Seen]) -> Pattern | None:
    """All that is off is off to one side. Weak, but true: said where nothing else holds."""
    off = [s for s in seen if s.off and numeric(s.got) and numeric(s.want)]
    pairs = [floats(s) for s in off]
    if len(off) < 3 or len(off) < sum(s.off for s in seen):
        return None
    if any(got.shape != want.shape for got, want in pairs):
        return None
    apart = np.concatenate([(g - w).ravel() for g, w in pairs])
    every = "Every answer" if all(s.off for s in seen) else "Every answer that is off"
    if (apart >= 0).all():
        return Pattern("direction", f"{every} is too large. Which step makes it larger?")
    if (apart <= 0).all():
        return Pattern("direction", f"{every} is too small. Which step makes it smaller?")
    return None


def cut_digits(got: float, want: float) -> int | None:
    """How many decimals `got` has, when it is the right answer rounded to so many; else None."""
    text = repr(float(got))
    if "e" in text or got == want:
        return None
    decimals = len(text.partition(".")[2].removesuffix("0"))  # 14.0 has none
    return decimals if decimals < 6 and round(want, decimals) == got else None
