"""`autograder grade`: submissions into nbgrader's gradebook, and a record of each."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.course_folder import Course, CourseError, open_course, prepare
from autograder.intake.ingest import Found
from autograder.judging.settings import CELL_SECONDS, SUBMISSION_SECONDS
from autograder.running.batch import Graded, Options, grade_all, submissions_of
from autograder.running.lock import only_grader
from autograder.running.sandbox import BACKENDS, NoSandbox

EPILOG = """\
layout: SUBMISSIONS/STUDENT/LESSON/LESSON.ipynb, as nbgrader collects it. The course folder is the
parent of SUBMISSIONS; source/, release/, autograded/, records/ and gradebook.db stand there.
A second run grades only what is new or changed; manual grades are kept, also with --force.

exit codes: 0 every submission graded · 1 some not, or not wholly (listed with the reason) ·
            2 wrong use, or no sandbox · 130 stopped with Ctrl-C (run it again to go on)

example:
  autograder grade course/submitted --gradebook sqlite:///course/gradebook.db

what is not stopped: a sandbox of bubblewrap shares this machine's kernel, so a hole in the kernel
is a way out. For people who attack on purpose use a throw-away virtual machine. With `--isolation
none` submissions have your own rights: the points stay sound, your files do not.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    parser.add_argument("--gradebook", metavar="URL", help="default: gradebook.db in the course")
    parser.add_argument("--course", type=Path, metavar="DIR", help="default: SUBMISSIONS' parent")
    parser.add_argument(
        "--lesson", action="append", metavar="NAME", help="only this lesson (repeatable)"
    )
    parser.add_argument("--force", action="store_true", help="grade again what is graded")
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="seed of the hidden cases (default: a new one; each record keeps its own)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=CELL_SECONDS, metavar="S", help="seconds for one cell"
    )
    parser.add_argument(
        "--budget",
        type=_seconds,
        default=SUBMISSION_SECONDS,
        metavar="S",
        help="seconds for one submission",
    )
    parser.add_argument(
        "--isolation",
        choices=tuple(BACKENDS),
        default="bubblewrap",
        help="what submissions run in (default: bubblewrap; none: your own rights)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    options = Options(
        seed=secrets.randbits(62) if args.seed is None else args.seed,
        cell_seconds=args.timeout,
        submission_seconds=args.budget,
        force=args.force,
        isolation=args.isolation,
    )
    lessons = frozenset(args.lesson) if args.lesson else None
    done: list[Graded] = []
    try:
        course = open_course(args.submissions, args.course, args.gradebook)
        with only_grader(course.folder):
            found = submissions_of(course, lessons)
            prepare(course, {one.lesson for one in found})
            complete = grade_shown(course, found, options, done)
    except (CourseError, NoSandbox) as said:
        print(f"autograder grade: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({"submissions": [g.record.public() for g in done]}, indent=1))
    else:
        _tell(course, done, len(found))
    if not complete:
        print(
            f"Stopped after {len(done)} of {len(found)}. Run the same command to go on.",
            file=sys.stderr,
        )
        return 130
    return 0 if all(g.record.verdict == "graded" for g in done) else 1


def grade_shown(
    course: Course, found: tuple[Found, ...], options: Options, done: list[Graded]
) -> bool:
    """Grade with a progress bar on standard error, adding to `done`; False after Ctrl-C."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("grading", total=len(found))
        graded = grade_all(course, found, options)
        try:
            for one in graded:
                done.append(one)
                progress.update(bar, advance=1, description=_counts(done))
        except KeyboardInterrupt:
            graded.close()  # type: ignore[attr-defined]  # ends the worker and its kernels
            return False
    return True


def _counts(done: list[Graded]) -> str:
    counts = Counter("kept" if g.reused else g.record.verdict for g in done)
    return " · ".join(f"{n} {what}" for what, n in sorted(counts.items()))


def _tell(course: Course, done: list[Graded], of: int) -> None:
    if not of:
        print(f"There is no submission in {course.submitted} yet.")
        return
    print(f"{_counts(done) or 'nothing'}, of {of} submissions in {course.submitted}.")
    for graded in done:
        record = graded.record
        told = [f"{record.verdict}. {record.reason}"] if record.verdict != "graded" else []
        told += [f"note: {note}" for note in record.notes]
        for line in told:
            print(_printable(f"  {record.student} / {record.lesson}: {line}"))
    print(f"Gradebook: {course.db_url}")
    print(f"Next: autograder report --course {course.folder}")


def _printable(line: str) -> str:
    """File names are the submission's: one with an escape sequence must not steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in line)


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; expected is a whole number from 0.")
    return number


def _seconds(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} s is too short; expected is 1 or more.")
    return number
