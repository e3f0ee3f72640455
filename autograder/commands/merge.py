"""`autograder merge`: what the shards of a class graded, into one gradebook."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from autograder.batch.lock import only_grader
from autograder.batch.shards import missing_shares, results_in
from autograder.commands.grade import into_gradebook
from autograder.course_folder import (
    Course,
    CourseError,
    add_place_arguments,
    course_of,
)
from autograder.prepare import prepare
from autograder.publishing.tables import printable
from autograder.recording.keep import Result

EPILOG = """\
A shard is a folder that `autograder grade --shard I/N` wrote: COURSE/shards/I-of-N. Copy them from
the other machines to here. Merging twice changes nothing.

exit codes: 0 all kept · 1 a share is missing, or some results cannot be kept (listed) ·
            2 wrong use, or a gradebook or disk that refuses

example:
  autograder merge course/submitted
  autograder merge course/submitted /mnt/node1/1-of-2 /mnt/node2/2-of-2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    parser.add_argument(
        "folders", type=Path, nargs="*", metavar="FOLDER", help="default: all in COURSE/shards"
    )
    add_place_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    try:
        course = course_of(args)
        folders = args.folders or sorted((course.folder / "shards").glob("*-of-*"))
        absent = [folder for folder in folders if not folder.is_dir()]
        if absent or not folders:
            where = absent[0] if absent else course.folder / "shards"
            raise CourseError(f"There is no shard at {where}. Run `autograder grade --shard I/N`.")
        with only_grader(course.folder):
            newest, problems = collect_results(course, folders)
            prepare(course, {lesson for _, lesson in newest})
            with into_gradebook(course) as keeper:
                records = [keeper.keep(result) for result in newest.values()]
    except CourseError as said:
        print(f"autograder merge: {said}", file=sys.stderr)
        return 2
    problems += [f"The share {name} is missing." for name in missing_shares(folders)]
    counts = Counter(record.verdict for record in records)
    if args.json:
        print(json.dumps({"kept": dict(counts), "problems": problems}, indent=1))
    else:
        print(" · ".join(f"{n} {what}" for what, n in sorted(counts.items())) or "Nothing is kept.")
        for problem in problems:
            print(printable(f"  {problem}"))
        print(f"Gradebook: {course.db_url}")
    return 1 if problems else 0


def collect_results(
    course: Course, folders: Iterable[Path]
) -> tuple[dict[tuple[str, str], Result], list[str]]:
    """The results to keep, the newest of each submission, and what is wrong with the others."""
    newest: dict[tuple[str, str], Result] = {}
    problems = []
    for path, result in results_in(folders):
        if result is None:
            problems.append(f"{path} is damaged: run that shard again.")
            continue
        record = result.record
        known = record.lesson in course.lessons()
        if known and record.release_sha256 not in ("", course.release_sha256(record.lesson)):
            problems.append(f"{path} was graded against another version of the lesson.")
            continue
        key = (record.student, record.lesson)
        if key not in newest or newest[key].record.graded_at < record.graded_at:
            newest[key] = result
    return newest, problems
