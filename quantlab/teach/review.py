"""A review of a learner's own results: what is there, what was measured again, what may explain it.

A project has no right answer to compare with, so nothing is graded here. A room says how it looks
at each deliverable; `reviewer` makes a function of that which takes whatever a learner hands over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.report import Report
from quantlab.base.table import Column, Table

#: A decision of fewer sentences, or with a gap of its template left, is not written yet.
SENTENCES, GAP = 3, "..."


@dataclass(frozen=True)
class Finding:
    """What a review says of one deliverable, in one sentence.

    `yours` and `again` are the learner's number and the one measured now, as texts; "" where
    nothing is measured again.
    """

    good: bool
    said: str
    yours: str = ""
    again: str = ""


@dataclass(frozen=True, repr=False)
class Review(Report):
    """What a review says: deliverable -> Finding."""

    findings: Mapping[str, Finding]

    @property
    def good(self) -> bool:
        """Whether every deliverable that was looked at holds."""
        return all(found.good for found in self.findings.values())

    @property
    def summary(self) -> str:
        holding = sum(found.good for found in self.findings.values())
        return f"Review: {holding} of {len(self.findings)} hold"

    def tables(self) -> tuple[Table, ...]:
        rows = tuple(
            {
                "what": name,
                "holds": "yes" if found.good else "not yet",
                "yours": found.yours,
                "again": found.again,
            }
            for name, found in self.findings.items()
        )
        columns = [Column("deliverable", "what"), Column("holds", "holds")]
        if any(found.again for found in self.findings.values()):
            columns += [Column("yours", "yours"), Column("measured again", "again")]
        return (Table(tuple(columns), rows),)

    @property
    def notes(self) -> tuple[str, ...]:
        named = len(self.findings) > 1
        return tuple(f"{n}: {f.said}" if named else f.said for n, f in self.findings.items())


class Unfit(Exception):
    """Results that cannot be looked at; its message is one sentence that ends in what to do."""


#: looks at the results, and says what it finds; raises Unfit where there is nothing to look at.
Look = Callable[[Mapping[Any, Any]], Finding]


def reviewer(looks: Mapping[str, Look]) -> Callable[..., Review]:
    """The `review(results, deliverable=None)` of a project.

    Parameters
    ----------
    looks : mapping of a deliverable's name to what looks at it

    Returns
    -------
    callable
        Gives a Review of one deliverable, or of all where none is named. It never raises for what a
        learner hands over: what cannot be read is a finding that says so.
    """

    def review(results: Any, deliverable: Any = None) -> Review:
        if deliverable is None:
            return Review({name: _found(name, results) for name in looks})
        name = deliverable if isinstance(deliverable, str) else type(deliverable).__name__
        return Review({name[:60]: _found(name[:60], results)})

    def _found(name: str, results: Any) -> Finding:
        try:
            if name not in looks:
                raise Unfit(f"There is no deliverable {name!r}: name one of {', '.join(looks)}.")
            if not isinstance(results, Mapping):
                kind = type(results).__name__
                raise Unfit(f"results is of type {kind}: make it a dict, results = {{}}.")
            return looks[name](results)
        except Unfit as said:
            return Finding(False, str(said))
        except Exception as fault:  # a learner's objects may do anything
            first = str(fault).split("\n")[0][:120]
            return Finding(
                False,
                f"It cannot be read ({type(fault).__name__}: {first}): compare what you stored "
                "with what the step asks for.",
            )

    return review


def wanted(results: Mapping[Any, Any], key: Any, what: str) -> Any:
    """The learner's `results[key]`; Unfit, which says what belongs there, where there is none."""
    if key not in results:
        raise Unfit(f"results[{key!r}] is not there yet: store {what} in it.")
    return results[key]


def role_of(crops: Any, where: str, role: str) -> Any:
    """The learner's crops or scenes, whose split must have this role; else Unfit."""
    found = getattr(crops, "role", None)
    if found is None:
        raise Unfit(
            f"{where} is of type {type(crops).__name__}: store the pictures that `crops` gave, "
            "which know their split."
        )
    if found != role:
        raise Unfit(
            f"{where} holds {found} pictures where {role} ones are meant: each split has one job, "
            "and a number that was fitted to its own test says nothing."
        )
    return crops


def right_of(values: Any, where: str, count: int) -> np.ndarray:
    """Which of `count` pictures are right, bool (count,), as the learner stored it; else Unfit."""
    found = np.asarray(values)
    if found.dtype != bool or found.ndim != 1:
        raise Unfit(
            f"{where} has dtype {found.dtype} and shape {found.shape}: store the `correct` of the "
            "scores, True or False for each picture."
        )
    if len(found) != count:
        raise Unfit(
            f"{where} has {len(found)} entries for {count} test pictures: judge every model by the "
            "same test pictures, in the same order."
        )
    return found


def numbers_of(values: Any, where: str, count: int, what: str) -> tuple[float, ...]:
    """The learner's `count` finite numbers; else Unfit, which says `what` they are."""
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found = np.array([])
    if found.shape != (count,) or not np.isfinite(found).all():
        raise Unfit(f"{where} is {str(values)[:60]}: store {what}.")
    return tuple(float(v) for v in found)


def gain_finding(yours: tuple[float, ...], before: np.ndarray, after: np.ndarray) -> Finding:
    """A gain in points with the ends of its interval, against the paired bootstrap of both.

    yours : (gain, low, high) in points of 100, above 0 where `after` is better
    before, after : bool (n,), the same pictures
    """
    from quantlab.analysis import paired_bootstrap

    drop = paired_bootstrap(before, after, method="percentile")
    again = (-100 * drop.drop, -100 * drop.high, -100 * drop.low)
    texts = {"yours": _ends(yours), "again": _ends(again)}
    # Another seed of the bootstrap, or BCa, moves an end by some pictures.
    room = 100 * 3 / len(before)
    if _close(yours, again, room):
        lies = "above 0" if again[1] > 0 else "below 0" if again[2] < 0 else "on both sides of 0"
        return Finding(True, f"The gain and its interval hold; the interval lies {lies}.", **texts)
    turned = (-again[0], -again[2], -again[1])
    alone = _unpaired(before, after)
    for cause, others in (
        ("a share where points are asked for (multiply by 100)", tuple(v / 100 for v in again)),
        ("the sign: above 0 means that the second model is better", turned),
        ("the sign and a share: a Drop is a loss, as a share of 1", tuple(v / 100 for v in turned)),
        ("two separate intervals: the pair was torn, so draw pictures with both results", alone),
    ):
        near = room / 100 if "share" in cause else room
        if _close(yours, others, near) and not _close(others, again, near):
            return Finding(False, f"What may explain the difference is {cause}.", **texts)
    if abs(yours[0] - again[0]) > room:
        return Finding(
            False, "The gain is not that of your own two masks: were others compared?", **texts
        )
    return Finding(False, "The ends are not those of a paired 95 % interval: draw again.", **texts)


def _unpaired(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """The gain with the ends that two independent samples would give it, in points."""
    gain = 100 * float(after.mean() - before.mean())
    half = 196 * float(np.sqrt((before.var() + after.var()) / len(before)))
    return gain, gain - half, gain + half


def _close(some: tuple[float, ...], others: tuple[float, ...], room: float) -> bool:
    return all(abs(a - b) <= room for a, b in zip(some, others, strict=True))


def _ends(triple: tuple[float, ...]) -> str:
    return f"{triple[0]:.2f} ({triple[1]:.2f} to {triple[2]:.2f})"


def decision_finding(text: Any) -> Finding:
    """Whether a decision is written: three sentences, a number among them, and no gap left."""
    if not isinstance(text, str) or not text.strip():
        raise Unfit("results['decision'] holds no text yet: write three sentences.")
    whole = " ".join(text.split())
    if GAP in whole or "…" in whole:
        raise Unfit("A gap of the template is left: put your own words in place of the dots.")
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", whole) if part]
    if len(sentences) < SENTENCES:
        raise Unfit(
            f"The decision has {len(sentences)} sentence{'s' * (len(sentences) != 1)}: write "
            f"{SENTENCES}, what you do, which number says so, and what would change your mind."
        )
    if not re.search(r"\d", whole):
        raise Unfit("The decision names no number: say which of your measurements it rests on.")
    return Finding(True, "The decision is written; show it to somebody who has to act on it.")
