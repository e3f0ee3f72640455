"""`autograder demo`: an instructor's whole job, played on three sample submissions of lesson 01."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from autograder.batch.grade_all import Graded, Options, submissions_of
from autograder.batch.pool import LocalPool, workers_for
from autograder.build import build_course
from autograder.commands.feedback import write_pages
from autograder.commands.grade import grade_shown, into_gradebook
from autograder.commands.report import as_data
from autograder.course_folder import Course, CourseError, open_course
from autograder.prepare import prepare
from autograder.programs import put_own_programs_on_path
from autograder.publishing.rows import rows_of
from autograder.publishing.tables import show_grades
from autograder.running.settings import Settings
from autograder.samples import LESSON, STUDENTS, write_samples

EPILOG = """\
exit codes: 0 played to the end · 1 something did not come out as it should · 2 wrong use ·
            130 stopped with Ctrl-C

example:
  autograder demo --out demo_course
"""

MARKER = ".made-by-autograder-demo"
#: Any seed plays the demo; this one makes two runs alike.
SEED = 20_260_101


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("demo_course"), metavar="DIR", help="default: demo_course"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep an earlier demo; grade only what is missing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    from quantlab.learn.course import course_root

    started = time.perf_counter()
    out: Path = args.out.resolve()
    try:
        root = course_root()
        course = _set_up(root, out, args.keep)
        done: list[Graded] = []
        found, options = submissions_of(course, None), Options(Settings(seed=SEED))
        engine = LocalPool(min(len(found), workers_for(options.settings.memory_mib)))
        with into_gradebook(course) as keeper:
            complete = grade_shown(course, found, options, done, engine, keeper)
        if not complete:
            print("Stopped. `autograder demo --keep` goes on.", file=sys.stderr)
            return 130
    except (CourseError, FileNotFoundError, ValueError) as said:
        print(f"autograder demo: {said}", file=sys.stderr)
        return 2
    pages = list(write_pages(course))
    rows = rows_of(course)
    verdicts = {row.student: row.verdict for row in rows}
    expected = dict(zip(STUDENTS, ("graded", "graded", "malformed"), strict=True))
    well = verdicts == expected and all(page.path for page in pages)
    if args.json:
        paths = [str(page.path or page.problem) for page in pages]
        places = {"course": str(course.folder), "gradebook": course.db_url, "feedback": paths}
        print(json.dumps({"ok": well, **places, **as_data(rows)}, indent=1))
    else:
        show_grades(rows, Console())
        for page in pages:
            print(f"Feedback: {page.path or page.problem}")
        _say_next(course, time.perf_counter() - started)
    return 0 if well else 1


def _set_up(root: Path, out: Path, keep: bool) -> Course:
    """The course folder with the three submissions, built next to its place and moved there."""
    if out.exists() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise CourseError(
            f"{out} is no demo course and is not replaced. Name another folder with --out."
        )
    if not (keep and out.exists()):
        print(f"Building lesson {LESSON} …", file=sys.stderr)
        put_own_programs_on_path()
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".demo-", dir=out.parent) as folder:
            made = Path(folder) / "course"
            made.mkdir()
            (made / MARKER).write_text("`autograder demo` may replace this folder.\n")
            build_course(root, made, only=(LESSON,))
            write_samples(root, made / "submitted", made / "release")
            if out.exists():
                shutil.rmtree(out)
            made.rename(out)
    course = open_course(out / "submitted", None, None)
    prepare(course, {LESSON})
    return course


def _say_next(course: Course, seconds: float) -> None:
    print(f"Gradebook: {course.db_url}")
    print(f"Records: {course.folder / 'records'}")
    print(f"Played in {seconds:.0f} s. Next, with the course's .venv active (see README):")
    print(f"  cd {course.folder}")
    print("  autograder report --csv grades.csv")
    print("  nbgrader export")
    print("  jupyter lab          then open /formgrader: grades by hand, comments")
