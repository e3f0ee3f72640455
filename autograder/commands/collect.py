"""`autograder collect`: submissions into the folders that `grade` reads.

From a download of Canvas or Moodle, or from the inbound folder of nbgrader's exchange.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.course_folder import Course, CourseError, open_course
from autograder.intake.collect import Collected, collect
from autograder.intake.person import Person
from autograder.intake.student_ids import is_id
from autograder.intake.times import as_time, read_times
from autograder.intake.zip_files import BadZip
from autograder.programs import put_own_programs_on_path
from autograder.publishing.tables import printable
from autograder.recording.gradebook import roster

EPILOG = """\
A zip is read as a stranger's file: no path leads out of it, links are not followed, sizes are
capped. Canvas' files are matched by lms_user_id of the roster, Moodle's by the full name; without a
roster each keeps the platform's own name and number. Fill the roster first:

  cd course && nbgrader db student import roster.csv

A due date is nbgrader's:

  cd course && nbgrader db assignment add LESSON --duedate "2026-12-24 12:00:00 UTC"

It needs the time that each was handed in. The times in a download are the students' own word, so
you name them: --handed-in is one time for all of it, such as the moment of the download, and
--times FILE.csv has the columns student (an id, or the platform's number) and time. They are
written to SUBMITTED/STUDENT/LESSON/timestamp.txt, where `grade` and nbgrader look. A time without a
zone is UTC.

A folder is the inbound folder of nbgrader's exchange, on Linux or macOS. What lies there counts for
the account that owns it, whatever its name says; links are not followed, and where the time that
it says is not that of its last change on disk, the disk's counts.

exit codes: 0 all are in their folders · 1 some are not (listed with the reason) · 2 wrong use

examples:
  autograder collect submissions.zip --lesson 01_scale_and_zero_point --course course \\
      --handed-in "2026-12-24 11:30:00 UTC"
  autograder collect /srv/nbgrader/exchange/quantlab/inbound --lesson 01_scale_and_zero_point
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("download", type=Path, metavar="FROM", help="a zip, or a folder")
    parser.add_argument("--lesson", required=True, metavar="NAME", help="the lesson it is of")
    parser.add_argument("--course", type=Path, default=Path(), metavar="DIR", help="default: here")
    parser.add_argument("--gradebook", metavar="URL", help="default: gradebook.db in the course")
    parser.add_argument(
        "--handed-in", type=_time, metavar="TIME", help="when all of it was handed in"
    )
    parser.add_argument(
        "--times", type=Path, metavar="FILE.csv", help="when each was: columns student, time"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    put_own_programs_on_path()
    try:
        if not is_id(args.lesson):
            raise CourseError(f"{args.lesson!r} is no lesson's name.")
        args.course.mkdir(parents=True, exist_ok=True)
        course = open_course(None, args.course, args.gradebook)
        people = list(roster(course.db_url).values())
        done = list(_taken(args, course, people))
    except (BadZip, CourseError, OSError, ValueError) as said:
        print(f"autograder collect: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({"collected": [vars(one) for one in done]}, indent=1))
    else:
        _tell(done, course.submitted)
    return 0 if done and all(one.state != "refused" for one in done) else 1


def _taken(
    args: argparse.Namespace, course: Course, people: Sequence[Person]
) -> Iterator[Collected]:
    """What a zip or an exchange holds, put in its folders. Raises what `run` has a sentence for."""
    if not args.download.is_dir():
        times = read_times(args.times) if args.times else {}
        return collect(args.download, args.lesson, course.submitted, people, times, args.handed_in)
    if args.times or args.handed_in:
        raise CourseError("An exchange has its own times: leave --times and --handed-in out.")
    if os.name == "nt":
        raise CourseError("An exchange has accounts of Linux or macOS; here, name a zip.")
    from autograder.intake.exchange import collect_exchange

    return collect_exchange(args.download, args.lesson, course.submitted, people)


def _tell(done: list[Collected], submitted: Path) -> None:
    counts = Counter(one.state for one in done)
    print(", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "Nothing was found.")
    for one in done:
        said = [one.state] if one.state == "refused" else []
        said += [one.note] if one.note else []
        said += [] if one.in_roster else ["Not in the roster."]
        if said:
            print(printable(f"  {one.student}: {' '.join(said)}"))
    timeless = sum(one.state != "refused" and one.handed_in is None for one in done)
    if timeless:
        print(
            f"{timeless} without a time of handing in: no due date is held against them. "
            "Name one with --handed-in or --times."
        )
    print(f"Next: autograder grade {submitted}")


def _time(text: str) -> str:
    try:
        return as_time(text)
    except ValueError as said:
        raise argparse.ArgumentTypeError(str(said)) from None
