"""Patterns of an answer of several values: which are right, and what is off about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from quantlab.teach.judging.patterns import direction, find_pattern
from quantlab.teach.judging.seen import Pattern, Seen
from quantlab.teach.judging.splits import find_split

#: Orders are tried up to this many values; more would take long and mean little.
MOST_ORDERED = 4


def find_in_parts(seen: Sequence[Seen], withins: Sequence[Any]) -> Pattern | None:
    """The pattern of tuple answers; `withins` holds each case's comparator of parts, or None."""
    parts = withins[0].parts
    if found := _in_another_form(seen, withins):
        return found
    rows = [within.values(s.got) for s, within in zip(seen, withins, strict=True)]
    if any(row is None for row in rows):
        return None
    if found := _in_another_order(seen, rows, withins):
        return found
    said, first, right = [], "", []
    for n, (name, _) in enumerate(parts):
        column = [
            replace(
                s,
                got=row[n],
                want=s.want[n],
                off=within.parts[n][1](row[n], s.want[n]) != "",
            )
            for s, row, within in zip(seen, rows, withins, strict=True)
        ]
        if not any(s.off for s in column):
            right.append(f"`{name}`")
        elif found := find_pattern(column) or find_split(column) or direction(column):
            said.append(f"`{name}`: {found.sentence}")
            first = first or found.name
    if right:
        are = "is" if len(right) == 1 else "are"
        said.insert(0, f"{' and '.join(right)} {are} right in every case.")
    return Pattern(first or "part", " ".join(said)) if said else None


def _in_another_form(seen: Sequence[Seen], withins: Sequence[Any]) -> Pattern | None:
    """A dict of the right values, or a tuple that lacks some of them."""
    names = [name for name, _ in withins[0].parts]
    listed = ", ".join(names)
    if all(isinstance(s.got, dict) for s in seen):
        held = all(
            within(tuple(s.got.values()), s.want) == ""
            for s, within in zip(seen, withins, strict=True)
        )
        if held:
            return Pattern("container", f"The values are right. Expected is a tuple: {listed}.")
    if all(isinstance(s.got, tuple) and len(s.got) < len(names) for s in seen):
        begins = all(
            part(got, want) == ""
            for s, within in zip(seen, withins, strict=True)
            # strict=False: the answer is shorter, and what there is of it is compared.
            for (_, part), got, want in zip(within.parts, s.got, s.want, strict=False)
        )
        if begins:
            missing = ", ".join(f"`{name}`" for name in names[len(seen[0].got) :])
            return Pattern("missing_part", f"What comes back is right. {missing} is missing.")
    return None


def _in_another_order(
    seen: Sequence[Seen], rows: Sequence[Any], withins: Sequence[Any]
) -> Pattern | None:
    """The right values, in the same wrong order in every case."""
    count = len(withins[0].parts)
    if count > MOST_ORDERED:
        return None
    for places in permutations(range(count)):
        if list(places) == sorted(places):
            continue
        if all(
            within(tuple(row[p] for p in places), s.want) == ""
            for s, row, within in zip(seen, rows, withins, strict=True)
        ):
            return Pattern("order", "The values are right and stand in another order.")
    return None
