"""What a class was flagged for, each flag once: what was seen, of whom, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.publishing.tables import printable
from autograder.recording.record import Record

#: Names in one line; the others are counted.
MOST_NAMES = 6
WHAT_TO_DO = (
    "A flag takes no points. Read the cells in formgrader, and decide; "
    "`autograder report` shows the flags of each."
)


def flag_lines(records: Iterable[Record]) -> list[str]:
    """Lines for a terminal, the most frequent flag first; none where nobody is flagged."""
    whose: dict[str, list[str]] = {}
    for record in records:
        for flag in record.flags:
            whose.setdefault(flag, []).append(f"{record.student} / {record.lesson}")
    if not whose:
        return []
    flagged = len({name for names in whose.values() for name in names})
    lines = [f"{flagged} submissions are flagged, for you to look at:"]
    for flag, names in sorted(whose.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        more = len(names) - MOST_NAMES
        others = f" and {more} more" if more > 0 else ""
        lines.append(printable(f"  {flag} {', '.join(names[:MOST_NAMES])}{others}"))
    return [*lines, WHAT_TO_DO]
