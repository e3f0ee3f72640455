"""`autograder regrade`: grade a class again after a check was mended, and see first what changes.

The new results lie in COURSE/regrade/ until --yes puts them into the gradebook. The hidden cases
are those of the first grading, so that what differs comes from the check alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.batch.grade_all import Graded, Options, submissions_of
from autograder.batch.lock import only_grader
from autograder.batch.shards import ShardKeeper, results_in
from autograder.commands.grade import (
    add_course_arguments,
    add_run_arguments,
    counted,
    engine_of,
    grade_shown,
    into_gradebook,
    settings_of,
)
from autograder.course_folder import Course, CourseError, course_of
from autograder.judging.environment import environment_sha256
from autograder.prepare import prepare
from autograder.publishing.tables import plain, printable
from autograder.recording.differences import Change, changes
from autograder.recording.gradebook import standings
from autograder.recording.record import Record, read_record, read_records, record_path
from autograder.running.sandbox import NoSandbox

EPILOG = """\
Grades given by hand stay. A second run grades only what the first one did not finish; a change of
the lessons in between starts anew.

exit codes: 0 nothing differs, or it is stored · 1 what differs is shown and not stored yet, or some
            could not be graded · 2 wrong use · 130 stopped with Ctrl-C (run it again to go on)

example:
  autograder regrade course/submitted --lesson 01_scale_and_zero_point --diff
  autograder regrade course/submitted --lesson 01_scale_and_zero_point --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_course_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--diff", action="store_true", help="show what would change (the default)")
    what.add_argument("--yes", action="store_true", help="store it")
    add_run_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    lessons = frozenset(args.lesson) if args.lesson else None
    done: list[Graded] = []
    try:
        course = course_of(args)
        found = submissions_of(course, lessons)
        pending = course.folder / "regrade"
        with only_grader(course.folder):
            prepare(course, {one.lesson for one in found})
            settings = settings_of(args)
            if args.seed is None:
                settings = replace(settings, seed=_first_seed(course, lessons, settings.seed))
            keeper = ShardKeeper(pending, environment_sha256())
            engine = engine_of(args, settings, len(found))
            if not grade_shown(course, found, Options(settings), done, engine, keeper):
                print(f"Stopped after {len(done)} of {len(found)}. Run it again.", file=sys.stderr)
                return 130
            differ = differences(course, [graded.record for graded in done])
            if args.yes:
                _store(course, pending, {(g.record.student, g.record.lesson) for g in done})
    except (CourseError, NoSandbox) as said:
        print(f"autograder regrade: {said}", file=sys.stderr)
        return 2
    if args.json:
        told = {"changes": [change.to_dict() for change in differ], "stored": bool(args.yes)}
        print(json.dumps(told, indent=1))
    else:
        _show(differ, done, args.yes)
    faults = any(graded.record.verdict == "grader_error" for graded in done)
    return 1 if faults or (differ and not args.yes) else 0


def differences(course: Course, records: Iterable[Record]) -> list[Change]:
    """What these records would change in the course, by lesson, exercise and student."""
    now = standings(course.db_url)
    found = [
        change
        for new in records
        for change in changes(
            read_record(record_path(course.records, new.student, new.lesson)),
            new,
            now.get((new.student, new.lesson)),
        )
    ]
    return sorted(found, key=lambda change: (change.lesson, change.exercise, change.student))


def _first_seed(course: Course, lessons: frozenset[str] | None, otherwise: int) -> int:
    """The seed that most of these records were graded with."""
    records = read_records(course.records)
    seeds = [r.seed for r in records if lessons is None or r.lesson in lessons]
    known = Counter(seed for seed in seeds if seed is not None).most_common(1)
    return known[0][0] if known else otherwise


def _store(course: Course, pending: Path, wanted: set[tuple[str, str]]) -> None:
    """Keep the pending results in the course; what was stored leaves the pending folder."""
    with into_gradebook(course) as keeper:
        for path, result in results_in([pending]):
            if result and (result.record.student, result.record.lesson) in wanted:
                keeper.keep(result)
                path.unlink()
    shutil.rmtree(pending, ignore_errors=True)


def _show(differ: Sequence[Change], done: Sequence[Graded], stored: bool) -> None:
    table = Table(title="What changes", title_justify="left")
    for name in ("student", "lesson", "exercise", "old", "new", "verdict"):
        table.add_column(name)
    for one in differ:
        hand = "" if one.by_hand is None else f" ({one.by_hand:g} by hand stays)"
        table.add_row(
            plain(one.student),
            plain(one.lesson),
            plain(one.exercise),
            _points(one.old),
            _points(one.new) + hand,
            f"{one.old_verdict} → {one.new_verdict}",
        )
    if differ:
        Console().print(table)
    for graded in done:
        record = graded.record
        if record.verdict == "grader_error":
            print(printable(f"  {record.student} / {record.lesson}: {record.reason}"))
    who = {change.student for change in differ if change.counts}
    print(f"{counted(done)}. {len(differ)} exercises differ; the score of {len(who)} changes.")
    if differ:
        print("Stored." if stored else "Nothing is stored yet: the same command with --yes does.")


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
