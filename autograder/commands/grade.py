"""`autograder grade`: submissions into nbgrader's gradebook, and a record of each."""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.attacks.self_test import require
from autograder.batch.grade_all import (
    Graded,
    Keeps,
    Options,
    grade_all,
    strays_of,
    submissions_of,
)
from autograder.batch.lock import only_grader
from autograder.batch.on_dask import DaskPool
from autograder.batch.pool import LocalPool, workers_for
from autograder.batch.shards import Shard, ShardKeeper
from autograder.batch.task import Engine
from autograder.course_folder import (
    Course,
    CourseError,
    add_place_arguments,
    course_of,
)
from autograder.intake.ingest import Found
from autograder.nbgrader.config import course_config
from autograder.prepare import prepare
from autograder.publishing.flagged import flag_lines
from autograder.publishing.tables import printable
from autograder.recording.keep import Keeper
from autograder.recording.late import penalty_of
from autograder.recording.store import Store
from autograder.running.sandbox import BACKENDS, NoSandbox
from autograder.running.settings import CELL_SECONDS, SUBMISSION_SECONDS, Settings

EPILOG = """\
layout: SUBMISSIONS/STUDENT/LESSON/LESSON.ipynb, as nbgrader collects it. The course folder is the
parent of SUBMISSIONS; source/, release/, autograded/, records/ and gradebook.db stand there.
A second run grades only what is new or changed; manual grades are kept, also with --force.

workers: as many processes as this machine's cores and free memory carry, or as --workers says. On a
cluster of dask.distributed: --dask tcp://HOST:PORT. Without any engine between the machines:
--shard 1/3, 2/3 and 3/3 write their results to COURSE/shards/, and `autograder merge` keeps them.

exit codes: 0 every submission graded · 1 some not, or not wholly (listed with the reason) ·
            2 wrong use, no sandbox, or a gradebook or disk that refuses ·
            130 stopped with Ctrl-C (run it again to go on)

example:
  autograder grade course/submitted --gradebook sqlite:///course/gradebook.db

what is not stopped: a sandbox of bubblewrap shares this machine's kernel, so a hole in the kernel
is a way out. For people who attack on purpose use a throw-away virtual machine. `--isolation none`
runs submissions with your own rights: the points stay sound, your files do not.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_course_arguments(parser)
    parser.add_argument("--force", action="store_true", help="grade again what is graded")
    add_run_arguments(parser)
    parser.add_argument(
        "--shard", type=_shard, metavar="I/N", help="grade this share into a folder"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_course_arguments(parser: argparse.ArgumentParser) -> None:
    """Which submissions, of which course, into which gradebook."""
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    add_place_arguments(parser)
    parser.add_argument(
        "--lesson", action="append", metavar="NAME", help="only this lesson (repeatable)"
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """How submissions are run, and where."""
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="seed of the hidden cases (default: a new one; each record keeps its own)",
    )
    parser.add_argument(
        "--timeout", type=_whole, default=CELL_SECONDS, metavar="S", help="seconds for one cell"
    )
    parser.add_argument(
        "--budget",
        type=_whole,
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
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_whole, metavar="N", help="processes on this machine")
    where.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler: tcp://HOST:PORT")


def run(args: argparse.Namespace) -> int:
    options = Options(settings_of(args), args.force)
    lessons = frozenset(args.lesson) if args.lesson else None
    done: list[Graded] = []
    try:
        course = course_of(args)
        found = submissions_of(course, lessons)
        if args.shard:
            found = tuple(one for one in found if one.student in args.shard)
        with _place(course, found, args.shard) as keeper:
            engine = engine_of(args, options.settings, len(found))
            complete = grade_shown(course, found, options, done, engine, keeper)
    except (CourseError, NoSandbox) as said:
        print(f"autograder grade: {said}", file=sys.stderr)
        return 2
    done.extend(() if args.shard else strays_of(course, found))
    done.sort(key=lambda graded: (graded.record.student, graded.record.lesson))
    if args.json:
        print(json.dumps({"submissions": [g.record.public() for g in done]}, indent=1))
    else:
        _tell(course, done, len(found), args.shard)
    if not complete:
        print(
            f"Stopped after {len(done)} of {len(found)}. Run the same command to go on.",
            file=sys.stderr,
        )
        return 130
    return 0 if all(g.record.verdict == "graded" for g in done) else 1


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that the command line asks for."""
    return Settings(
        seed=secrets.randbits(62) if args.seed is None else args.seed,
        cell_seconds=args.timeout,
        submission_seconds=args.budget,
        isolation=args.isolation,
    )


def engine_of(args: argparse.Namespace, settings: Settings, submissions: int) -> Engine:
    """The engine that the command line asks for. Raises NoSandbox or CourseError."""
    if args.dask:
        return DaskPool(args.dask)
    require(settings.isolation)  # said once, and not by every worker
    workers = args.workers or workers_for(settings.memory_mib)
    return LocalPool(max(1, min(workers, submissions)))


@contextlib.contextmanager
def into_gradebook(course: Course) -> Iterator[Keeper]:
    """A keeper for the course's gradebook, with the course's own penalty for being late."""
    with Store(course.db_url, penalty_of(course_config(course.folder))) as store:
        yield Keeper(course, store)


@contextlib.contextmanager
def _place(course: Course, found: Sequence[Found], shard: Shard | None) -> Iterator[Keeps]:
    """Where results stay, with nobody else writing there; the lessons are in place."""
    wanted = {one.lesson for one in found}
    if shard is None:
        with only_grader(course.folder):
            prepare(course, wanted)
            with into_gradebook(course) as keeper:
                yield keeper
        return
    if not wanted & set(course.lessons()):
        with only_grader(course.folder):
            prepare(course, wanted)
    folder = course.folder / "shards" / shard.folder
    folder.mkdir(parents=True, exist_ok=True)
    with only_grader(folder):
        yield ShardKeeper(folder)


def grade_shown(
    course: Course,
    found: tuple[Found, ...],
    options: Options,
    done: list[Graded],
    engine: Engine,
    keeper: Keeps,
) -> bool:
    """Grade with a progress bar on standard error, adding to `done`; False after Ctrl-C."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    hidden = not console.is_terminal  # in a log it would be no bar, only lines
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        bar = progress.add_task("grading", total=len(found))
        try:
            with (
                _stopped_like_ctrl_c(),
                contextlib.closing(
                    grade_all(course, found, options, engine, keeper)  # type: ignore[type-var]
                ) as graded,
            ):
                for one in graded:
                    done.append(one)
                    progress.update(bar, advance=1, description=counted(done))
        except KeyboardInterrupt:
            return False
    return True


@contextlib.contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """A batch system ends a job with SIGTERM; it ends as cleanly as with Ctrl-C."""

    def stop(_signal: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def counted(done: Sequence[Graded]) -> str:
    """How many of each verdict, as "3 graded · 1 malformed"."""
    counts = Counter("kept" if g.reused else g.record.verdict for g in done)
    return " · ".join(f"{n} {what}" for what, n in sorted(counts.items()))


def _tell(course: Course, done: Sequence[Graded], of: int, shard: Shard | None) -> None:
    if not done:
        print(f"There is no submission in {course.submitted} yet.")
        return
    print(f"{counted(done)}, of {of} submissions in {course.submitted}.")
    for graded in done:
        record = graded.record
        told = [f"{record.verdict}. {record.reason}"] if record.verdict != "graded" else []
        told += [f"note: {note}" for note in record.notes]
        for line in told:
            where = f"{record.student} / {record.lesson}" if record.lesson else record.student
            print(printable(f"  {where}: {line}"))
    for line in flag_lines(graded.record for graded in done):
        print(line)
    if shard:
        print(f"Results: {course.folder / 'shards' / shard.folder}")
        print(f"Next, when all shares are there: autograder merge {course.submitted}")
        return
    print(f"Gradebook: {course.db_url}")
    print(f"Next: autograder report --course {course.folder}")


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as said:
        raise argparse.ArgumentTypeError(str(said)) from None


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; expected is a whole number from 0.")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small; expected is 1 or more.")
    return number
