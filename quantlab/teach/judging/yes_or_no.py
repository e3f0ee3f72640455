"""Answers of True and False: which of the two is given too often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlab.teach.judging.seen import Pattern, Seen


def yes_or_no(seen: Sequence[Seen]) -> Pattern | None:
    """What all the answers that are off have in common, where True and False are right."""
    pairs = [(np.asarray(s.got), np.asarray(s.want)) for s in seen]
    if any(got.dtype.kind != "b" or got.shape != want.shape for got, want in pairs):
        return None
    got = np.concatenate([g.ravel() for g, _ in pairs])
    want = np.concatenate([w.ravel() for _, w in pairs])
    if len(seen) > 2 and got.all() == got.any() and want.all() != want.any():
        return Pattern(
            "same_for_all", f"The answer is {bool(got[0])} for every input. When is it not?"
        )
    if (got != want).all():
        return Pattern("turned_round", "True and False have changed places in every case.")
    if got[got != want].all():
        return Pattern(
            "too_often", "What is off is off because it is True. Which condition is missing?"
        )
    if not got[got != want].any():
        return Pattern(
            "too_seldom", "What is off is off because it is False. Which condition is too strict?"
        )
    return None
