"""`autograder report`: who has how many points, and what the class found hard.

Everyone stands in it: who handed in, who is in the roster and did not, and every folder or file
that could not be read. `nbgrader db student import FILE.csv` fills the roster.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.course_folder import Course, CourseError, add_place_arguments, open_course
from autograder.programs import put_own_programs_on_path
from autograder.publishing import csv_files
from autograder.publishing.items import items_of
from autograder.publishing.learner_items import learner_items, quiz_options
from autograder.publishing.learners import Learner, read_learners
from autograder.publishing.rows import Row, rows_of
from autograder.publishing.similar import Pair, similar_in
from autograder.publishing.small_cells import people
from autograder.publishing.tables import (
    named_misconceptions,
    printable,
    show_grades,
    show_items,
    show_learners,
    show_pairs,
)
from quantlab.base.atomic import replacing

EPILOG = """\
Scores are the gradebook's: grades given by hand in formgrader are in them. What nobody has graded
yet is empty, never 0. A roster has the columns id, first_name, last_name, email, lms_user_id:

  cd course && nbgrader db student import roster.csv

Who learns alone may give you a record without a name: quantlab progress export FILE --for-items.

exit codes: 0 shown · 1 nothing is graded yet · 2 wrong use

example:
  autograder report --course course --csv grades.csv --items --similar
  autograder report --items --learners records
  autograder report --course course --lesson 01_scale_and_zero_point --canvas canvas.csv --final
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, nargs="?", metavar="SUBMISSIONS")
    add_place_arguments(parser)
    parser.add_argument(
        "--lesson", action="append", metavar="NAME", help="only this lesson (repeatable)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the grades as CSV too")
    parser.add_argument("--canvas", type=Path, metavar="FILE", help="write Canvas' import file")
    parser.add_argument("--moodle", type=Path, metavar="FILE", help="write Moodle's import file")
    parser.add_argument(
        "--final",
        action="store_true",
        help="in import files: nobody who still waits for a person's grade",
    )
    parser.add_argument("--items", action="store_true", help="how each exercise went")
    parser.add_argument(
        "--learners",
        type=Path,
        metavar="FOLDER",
        help="with --items: the records that learners gave; without a course they alone are shown",
    )
    parser.add_argument("--similar", action="store_true", help="which submissions are alike")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    if args.learners and not args.items:
        print("autograder report: --learners is shown with --items. Add --items.", file=sys.stderr)
        return 2
    alone = bool(args.learners) and not (args.course or args.submissions)
    folder = args.course or (None if args.submissions else Path.cwd())
    put_own_programs_on_path()
    try:
        learners = _learners(args.learners)
        if alone and learners is not None:
            return _show_learners(learners, as_json=args.json)
        course = open_course(args.submissions, folder, args.gradebook, args.records)
        rows = rows_of(course, frozenset(args.lesson) if args.lesson else None)
        if not any(row.exercises or row.max_score is not None for row in rows):
            print(f"Nothing is graded in {course.folder} yet. Run `autograder grade` first.")
            return 1
        written = _write_files(args, rows)
        pairs = _similar(course, rows) if args.similar else None
    except (CourseError, OSError) as said:
        print(f"autograder report: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(as_data(rows, pairs, learners), indent=1))
        return 0
    console = Console()
    show_grades(rows, console)
    if args.items:
        show_items(items_of(rows), console)
    if learners is not None:
        _show_learners(learners)
    if pairs is not None:
        show_pairs(pairs, console)
    for path in written:
        print(f"Written: {path}")
    if (args.canvas or args.moodle) and not args.final:
        _say_open(rows)
    return 0


def as_data(
    rows: Sequence[Row],
    pairs: Sequence[Pair] | None = None,
    learners: Sequence[Learner] | None = None,
) -> dict[str, Any]:
    """The report as plain data; "similar" and "learners" only where they were asked for."""
    data: dict[str, Any] = {
        "submissions": [row.public() for row in rows],
        "misconceptions": [vars(one) for one in named_misconceptions(rows)],
        "items": [item.to_dict() for item in items_of(rows)],
    }
    if learners is not None:
        data["learners"] = _learners_data(learners)
    return data if pairs is None else data | {"similar": [pair.to_dict() for pair in pairs]}


def _learners(folder: Path | None) -> tuple[Learner, ...] | None:
    """The records in the folder; what is none is said on stderr."""
    if folder is None:
        return None
    learners, refused = read_learners(folder)
    for sentence in refused:
        print(f"autograder report: {printable(sentence)}", file=sys.stderr)
    if not learners:
        raise CourseError(
            f"{folder} holds no learner's record. Each is a .json file that "
            "`quantlab progress export FILE --for-items` wrote."
        )
    return learners


def _learners_data(learners: Sequence[Learner]) -> dict[str, Any]:
    return {
        "records": people(len(learners)),
        "exercises": [item.to_dict() for item in learner_items(learners)],
        "options": [asdict(option) for option in quiz_options(learners)],
    }


def _show_learners(learners: Sequence[Learner], *, as_json: bool = False) -> int:
    if as_json:
        print(json.dumps({"learners": _learners_data(learners)}, indent=1))
    else:
        show_learners(learner_items(learners), quiz_options(learners), Console())
    return 0


def _write_files(args: argparse.Namespace, rows: Sequence[Row]) -> list[Path]:
    texts = {
        args.csv: lambda: csv_files.grades(rows),
        args.canvas: lambda: csv_files.canvas(rows, final=args.final),
        args.moodle: lambda: csv_files.moodle(rows, final=args.final),
    }
    written = [path for path in texts if path is not None]
    for path in written:
        with replacing(path) as fresh:
            fresh.write_text(texts[path](), encoding="utf-8", newline="")
    return written


def _similar(course: Course, rows: Sequence[Row]) -> tuple[Pair, ...]:
    lessons = sorted({row.lesson for row in rows if row.exercises})
    return tuple(
        pair
        for lesson in lessons
        for pair in similar_in(
            course, lesson, [row.student for row in rows if row.lesson == lesson and row.exercises]
        )
    )


def _say_open(rows: Sequence[Row]) -> None:
    waiting = sum(bool(row.waiting and row.total is not None) for row in rows)
    if waiting:
        print(
            f"{waiting} of these still wait for a person's grade; the files hold their points so "
            "far. --final leaves them empty."
        )
