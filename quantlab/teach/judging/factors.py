"""Answers that are off by a factor, by an amount, or upside down: in every case by the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlab.teach.judging.seen import (
    SAME,
    Floats,
    Pattern,
    Seen,
    close,
    scalars,
    spread,
    subject,
    words,
)

BYTES = frozenset({"byte", "bytes", "kb", "mb", "gb"})
TIMES = frozenset({"ms", "seconds", "time", "latency"})
#: Factors of a unit: asked about where the unit is in the name of the answer or of an argument.
UNITS = (
    (8.0, "bits or bytes?", BYTES),
    (1000.0, "KB or MB?", BYTES),
    (1000.0, "seconds or milliseconds?", TIMES),
    (1e6, "bytes or MB?", BYTES),
    (1.024, "1000 or 1024 in each step?", BYTES),
    (1.024**2, "1000 or 1024 in each step?", BYTES),
    (1.024**3, "1000 or 1024 in each step?", BYTES),
    (4.0, "how many bytes does each value take?", BYTES),
)
#: Factors that have a meaning, each with the question that it asks of an answer so many times off.
FACTORS = (
    (256 / 255, "levels or steps?"),
    (255.0, "is a range divided by its steps, once?"),
    (256.0, "is something divided by the levels, once?"),
    (128 / 127, "how many ticks lie on each side of 0?"),
    (255 / 127, "one side of the ruler or all of it?"),
    (2.0, "is something counted twice, or once where two are due?"),
    (100.0, "a share or per cent?"),
)


def factor(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """Every answer is off by the same factor, or by a factor that is one of the arguments."""
    there = want != 0
    if not there.any() or (got[there] == 0).any() or np.abs(got[~there]).max(initial=0) > 0:
        return None
    ratio = got[there] / want[there]
    if close(np.abs(ratio), np.ones(len(ratio))):
        return None
    if np.allclose(ratio, ratio[0], rtol=SAME, atol=0):
        return _constant_factor(float(ratio[0]), len(set(np.abs(want[there]))), seen)
    for name in scalars(seen):
        arg = spread(seen, name)[there]
        if (arg == 0).any():
            continue
        for times, said in ((arg, "too large"), (1 / arg, "too small")):
            if close(ratio, times):
                return Pattern(
                    "factor",
                    f"{subject(got)} is `{name}` times {said}: multiplied or divided by it once "
                    "too often, or not at all?",
                )
    return None


def _constant_factor(ratio: float, different: int, seen: Sequence[Seen]) -> Pattern | None:
    size = max(abs(ratio), 1 / abs(ratio))
    said = "too large" if abs(ratio) > 1 else "too small"
    who = "It" if sum(np.size(s.want) for s in seen) == 1 else "Every answer"
    units = [(known, question) for known, question, of in UNITS if of & words(seen)]
    for known, question in (*units, *FACTORS):
        if abs(size / known - 1) < SAME:
            by = "by a factor" if who == "It" else "by one and the same factor"
            often = f"{known:g} times" if known == round(known) else by
            return Pattern("factor", f"{who} is {often} {said}: {question}")
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
    for name in scalars(seen):
        arg = spread(seen, name)
        for sign_of, said in (
            (1, "too large"),
            (-1, "too small"),
            (2, "too large"),
            (-2, "too small"),
        ):
            if close(apart, sign_of * arg) and (arg != 0).all():
                twice = "twice " if abs(sign_of) == 2 else ""
                return Pattern(
                    "offset", f"Every answer is {twice}`{name}` {said}: added, or taken away?"
                )
    return None


def upside_down(got: Floats, want: Floats, seen: Sequence[Seen]) -> Pattern | None:
    """One over the right answer, or mirrored: right and given answers add up to one number."""
    if (want != 0).all() and close(got * want, np.ones(len(want))):
        return Pattern("upside_down", f"{subject(got)} is upside down: which number goes on top?")
    total = got + want
    if len(set(want)) > 2 and np.allclose(total, total[0], rtol=SAME) and total[0] != 0:
        return Pattern("mirrored", "Every answer is mirrored: from which end do you count?")
    return None
