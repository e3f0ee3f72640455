"""The right answer in another form: container, shape, order of axes, dtype, quotes, spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantlab.teach.judging.seen import Pattern, Seen, close, numeric


def in_another_form(seen: Sequence[Seen]) -> Pattern | None:
    """What all the answers that are off have in common in their form, or None."""
    off = [s for s in seen if s.off]
    if all(isinstance(s.want, str) for s in off):
        return _text(off)
    if all(isinstance(s.got, str) for s in off):
        return _number_in_quotes(off)
    if not all(numeric(s.got) and numeric(s.want) for s in off):
        return None
    pairs = [(np.asarray(s.got), np.asarray(s.want)) for s in off]
    if all(g.size == w.size and _equal(g.ravel(), w.ravel()) for g, w in pairs):
        if any(g.shape != w.shape for g, w in pairs):
            want = "a single number" if not pairs[0][1].ndim else "an array of another shape"
            return Pattern("container", f"The numbers are right. Expected is {want}.")
        if any(g.dtype != w.dtype for g, w in pairs) or isinstance(off[0].got, list):
            return Pattern("dtype", "The numbers are right. In which type should they be held?")
    if all(w.ndim > 1 and g.shape == w.T.shape and _equal(g, w.T) for g, w in pairs):
        return Pattern("transposed", "The numbers are right, the axes have changed places.")
    if all(g.ndim and not w.ndim for g, w in pairs):
        return _one_of_many(pairs)
    return None


def _text(off: Sequence[Seen]) -> Pattern | None:
    if not all(isinstance(s.got, str) for s in off):
        kind = type(off[0].got).__name__
        return Pattern("kind", f"A {kind} came back where a text is expected. Which words are?")
    if all(_letters(s.want) in _letters(s.got) for s in off):
        return Pattern("spelling", "The right word is in it. How does the docstring spell it?")
    return None


def _letters(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def _number_in_quotes(off: Sequence[Seen]) -> Pattern | None:
    try:
        right = all(float(s.got) == s.want for s in off)
    except (TypeError, ValueError):
        return None
    return (
        Pattern("kind", "The number is right, and it is a text. Who put it in quotes?")
        if (right)
        else None
    )


def _one_of_many(pairs: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> Pattern | None:
    for name, of in (("largest", np.max), ("smallest", np.min), ("sum", np.sum), ("mean", np.mean)):
        if all(close(of(got), want) for got, want in pairs):
            what = f"the {name} of them" if name in ("sum", "mean") else f"the {name} one"
            return Pattern("container", f"Many numbers come back. Is {what} what is asked for?")
    return Pattern("container", "Many numbers come back. Which single one is asked for?")


def _equal(got: NDArray[Any], want: NDArray[Any]) -> bool:
    """The same numbers: exactly for integers, but for roundings otherwise."""
    return bool((got == want).all()) if want.dtype.kind in "iu" else close(got, want)
