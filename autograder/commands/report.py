"""`autograder report`: who has how many points, and which misconceptions a class shares."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.course_folder import Course, CourseError, open_course
from autograder.programs import put_own_programs_on_path
from autograder.recording.gradebook import standing
from autograder.recording.record import UNSCORED, Record, read_records

EPILOG = """\
Scores are the gradebook's: grades given by hand in formgrader are in them.

exit codes: 0 shown · 1 nothing is graded yet · 2 wrong use

example:
  autograder report --course course --csv grades.csv
"""

#: A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Named:
    """How often one misconception was named, of how many submissions that have the exercise."""

    exercise: str
    misconception: str
    times: int
    of: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, nargs="?", metavar="SUBMISSIONS")
    parser.add_argument("--course", type=Path, metavar="DIR", help="default: SUBMISSIONS' parent")
    parser.add_argument("--gradebook", metavar="URL", help="default: gradebook.db in the course")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the grades as CSV too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    folder = args.course or (None if args.submissions else Path.cwd())
    try:
        course = open_course(args.submissions, folder, args.gradebook)
    except CourseError as said:
        print(f"autograder report: {said}", file=sys.stderr)
        return 2
    put_own_programs_on_path()
    records = current(course)
    if not records:
        print(f"Nothing is graded in {course.folder} yet. Run `autograder grade` first.")
        return 1
    if args.csv:
        args.csv.write_text(as_csv(records), encoding="utf-8", newline="")
    if args.json:
        print(json.dumps(as_data(records), indent=1))
        return 0
    show(records, Console())
    if args.csv:
        print(f"Written: {args.csv}")
    return 0


def current(course: Course) -> tuple[Record, ...]:
    """The records, with the scores that the gradebook holds now."""
    return tuple(_with_standing(course, record) for record in read_records(course.folder))


def _with_standing(course: Course, record: Record) -> Record:
    now = standing(course.db_url, record.student, record.lesson)
    decided = now is not None and any(points is not None for points in now.points.values())
    if now is None or (record.verdict in UNSCORED and record.score is None and not decided):
        return record
    by_id = {_id_of(grade_id): points for grade_id, points in now.points.items()}
    exercises = tuple(replace(e, points=by_id.get(e.id, e.points)) for e in record.exercises)
    return replace(record, score=now.score, exercises=exercises)


def _id_of(grade_id: str) -> str:
    """`check-1-2` and `written-1-2` are of exercise 1.2."""
    kind, _, id = grade_id.partition("-")
    return id.replace("-", ".") if id else kind


def named_misconceptions(records: Sequence[Record]) -> tuple[Named, ...]:
    """By exercise, the most frequent first."""
    have = Counter(e.id for record in records for e in record.exercises)
    times = Counter((e.id, e.misconception) for r in records for e in r.exercises)
    found = [Named(id, name, n, have[id]) for (id, name), n in times.items() if name is not None]
    return tuple(sorted(found, key=lambda n: (_in_order(n.exercise), -n.times, n.misconception)))


def show(records: Sequence[Record], console: Console) -> None:
    """The two tables."""
    grades = Table(title="Grades", title_justify="left")
    for name, side in (("student", "left"), ("lesson", "left"), ("score", "right")):
        grades.add_column(name, justify=side)  # type: ignore[arg-type]
    grades.add_column("verdict", no_wrap=True)
    grades.add_column("for you to look at")
    for record in records:
        grades.add_row(
            escape(record.student),
            escape(record.lesson),
            _score(record),
            record.verdict,
            escape(_to_look_at(record)),
        )
    console.print(grades)
    named = named_misconceptions(records)
    if not named:
        return
    items = Table(title="Misconceptions named", title_justify="left")
    items.add_column("exercise")
    items.add_column("misconception")
    items.add_column("times", justify="right")
    for one in named:
        items.add_row(one.exercise, one.misconception.replace("_", " "), f"{one.times} of {one.of}")
    console.print(items)


def as_data(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "submissions": [record.public() for record in records],
        "misconceptions": [vars(one) for one in named_misconceptions(records)],
    }


def as_csv(records: Sequence[Record]) -> str:
    """One row for each student and lesson, one column for each exercise; an open one is empty."""
    ids = sorted({e.id for record in records for e in record.exercises}, key=_in_order)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["student", "lesson", "verdict", "score", "max_score", *ids])
    for record in records:
        points = {e.id: e.points for e in record.exercises}
        row = [record.student, record.lesson, record.verdict, record.score, record.max_score]
        writer.writerow([_field(value) for value in (*row, *(points.get(id) for id in ids))])
    return text.getvalue()


def _field(value: object) -> str:
    """A number as it is; a text that a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _score(record: Record) -> str:
    most = "?" if record.max_score is None else f"{record.max_score:g}"
    return "–" if record.score is None else f"{record.score:g} / {most}"


def _to_look_at(record: Record) -> str:
    """What a person has to grade, or why nothing was graded; then what was odd."""
    open_ones = ", ".join(e.id for e in record.exercises if e.points is None)
    first = f"grade by hand: {open_ones}." if open_ones else record.reason
    return " ".join(filter(None, (first, *record.notes)))


def _in_order(id: str) -> tuple[tuple[int, int | str], ...]:
    """1.2 before 1.10, numbers before names."""
    return tuple((0, int(p)) if p.isdigit() else (1, p) for p in id.split("."))
