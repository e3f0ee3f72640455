"""When each was handed in, in the instructor's own words: a CSV of student and time.

A zip's own times are the student's word. The platform's list, or the moment of the download, is
not; a due date is held against it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

from dateutil.tz import gettz
from nbgrader.utils import parse_utc

COLUMNS = ("student", "time")
OFFSET = re.compile(r"\s+([+-]\d\d:?\d\d)$")
EXAMPLE = "2026-12-24 11:30:00 UTC"
LARGEST_LIST = 10_000_000


def as_time(text: str) -> str:
    """A time as nbgrader writes it in timestamp.txt, in UTC; without a zone it is taken as UTC.

    ValueError for what is no time.
    """
    # nbgrader takes a number behind a space for seconds, and an unknown word for UTC.
    joined = OFFSET.sub(r"\1", text.strip())
    *_, last = joined.split(" ")
    try:
        known = not last.isalpha() or gettz(last) is not None
        when = parse_utc(joined) if known else None
    except (ValueError, OverflowError, TypeError):
        when = None
    if when is None:
        raise ValueError(f"{text[:40]!r} is no time; expected is one like {EXAMPLE}.")
    return f"{when.replace(tzinfo=UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def read_times(path: Path) -> Mapping[str, str]:
    """{student: time} of a CSV with the columns student and time.

    student   an id of the roster, or the platform's number of the student.

    Raises ValueError, in one sentence, for a file that is none or that names somebody twice with
    different times; OSError where it cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read(LARGEST_LIST)
    rows = csv.DictReader(text.splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        seen = ", ".join(rows.fieldnames or ()) or "nothing"
        raise ValueError(f"{path.name} has the columns {seen}; expected are {', '.join(COLUMNS)}.")
    times: dict[str, str] = {}
    for row in rows:
        student, given = (str(row[column] or "").strip() for column in COLUMNS)
        try:
            time = as_time(given)
        except ValueError as said:
            raise ValueError(f"{path.name}, line {rows.line_num}: {said}") from None
        if times.setdefault(student, time) != time:
            raise ValueError(
                f"{path.name} has two times for {student!r}; keep the one that counts."
            )
    return times
