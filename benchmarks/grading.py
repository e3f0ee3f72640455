"""Grading a class: `autograder grade` against plain `nbgrader autograde`, in turns.

Right copies, the same for both. Ours runs each in a sandbox and judges it outside, with as many
workers as the machine carries; nbgrader runs them one after the other with its own rights, as it
comes. A round grades some of them with the one and then with the other, start of the program
included, so that a machine that gets busy is busy for both.

nbgrader ends a cell after 30 s by itself; here it has as long as a cell takes. Of the capstone,
whose demonstrations run for minutes, it grades one copy a round.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from autograder.batch.pool import workers_for
from autograder.intake.ingest import Found
from autograder.recording.record import read_records
from autograder.running.settings import Settings
from autograder.running.usage import below, usage_of
from autograder.samples import LESSON
from benchmarks.class_material import copy_course, make_course, right_copy, submit
from benchmarks.grading_time import REST, STAGES, WHOLE, parts_of

GOAL = 4.0
CAPSTONE = "10_capstone_detector"
#: Right copies of each lesson without --submissions.
SUBMISSIONS = {LESSON: 100, CAPSTONE: 20}
#: One submission by stages, the first of a worker and these after it.
TURNS_AFTER = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    known = ", ".join(f"{n} of {lesson}" for lesson, n in SUBMISSIONS.items())
    parser.add_argument(
        "--lesson",
        action="append",
        choices=tuple(SUBMISSIONS),
        metavar="NAME",
        help=f"{' or '.join(SUBMISSIONS)}; repeatable (default: both)",
    )
    parser.add_argument("--submissions", type=int, help=f"right copies (default: {known})")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Grade in turns: {goal, lessons: what `compare` says of each}."""
    lessons = dict.fromkeys(args.lesson or SUBMISSIONS)
    return {
        "goal": GOAL,
        "lessons": {
            lesson: compare(lesson, args.submissions or SUBMISSIONS[lesson], args.rounds)
            for lesson in lessons
        },
    }


@dataclass(frozen=True)
class Took:
    """One run of a command: seconds, and the most memory of one worker, in MiB: of its own process,
    and with everything below it, where a page that n processes share counts as 1/n. `refused` is
    how many students nbgrader gave up, as it does where a kernel does not start in time."""

    seconds: float
    refused: int
    worker_mib: float
    whole_mib: float


def compare(lesson: str, submissions: int, rounds: int) -> dict[str, Any]:
    """Both graders on copies of one lesson: ratio, rates, start-up, memory, time by stages."""
    each = max(1, submissions // rounds)
    plain_each = 1 if lesson == CAPSTONE else each
    ours: list[Took] = []
    theirs: list[float] = []
    ratios: list[float] = []
    points: set[float | None] = set()
    refused = 0
    seconds: list[float] = []
    sandbox: list[float] = []
    idle: list[float] = []
    with TemporaryDirectory(prefix="grading-") as name:
        folder = Path(name)
        course = folder / "course"
        right = right_copy(course, make_course(course, lesson), lesson)
        for n in range(rounds):
            mine, plain = (copy_course(course, folder / f"{n}-{w}") for w in ("o", "n"))
            for where, count in ((mine, each), (plain, plain_each)):
                for student in range(count):
                    submit(where, f"s{student}", right, lesson)
            grade = [*GRADE, str(mine / "submitted")]
            ours.append(timed(grade, mine))
            idle.append(timed(grade, mine).seconds)  # all is graded: what is left is the start
            records = read_records(mine / "records")
            _whole(records, each)
            points |= {record.score for record in records}
            seconds += [record.seconds for record in records]
            sandbox += [record.peak_mib for record in records]
            peer = timed([*AUTOGRADE, lesson], plain)
            theirs.append(peer.seconds)
            refused += peer.refused
            ratios.append((theirs[-1] / plain_each) / (ours[-1].seconds / each))
            print(f"{lesson}, round {n + 1}: {ratios[-1]:.2f} times", file=sys.stderr)
        submit(course, "parts", right, lesson)
        found = Found("parts", lesson, course / "submitted" / "parts" / lesson)
        release = course / "release" / lesson / f"{lesson}.ipynb"
        first, *after = parts_of(found, release, 1 + TURNS_AFTER)
    took = [one.seconds for one in ours]
    workers = min(each, workers_for(Settings().memory_mib))
    return {
        "submissions": each * rounds,
        "submissions_nbgrader": plain_each * rounds,
        "refused_by_nbgrader": refused,
        "rounds": rounds,
        "workers": workers,
        "points": sorted(points, key=str),
        "ratio": median(ratios),
        "ratios": ratios,
        "ours_per_minute": _rate(each, took),
        "nbgrader_per_minute": _rate(plain_each, theirs),
        "seconds_in_one_submission": median(seconds),
        "share_outside_of_submissions": 1 - sum(seconds) / (workers * sum(took)),
        "start_seconds": median(idle),
        "start_share": median(idle) / median(took),
        "worker_peak_mib": max(one.worker_mib for one in ours),
        "worker_with_sandbox_peak_mib": max(one.whole_mib for one in ours),
        "sandbox_peak_mib": max(sandbox),
        "first_submission_seconds": first[WHOLE],
        "parts_seconds": {part: median(turn[part] for turn in after) for part in after[0]},
    }


GRADE = [sys.executable, "-m", "autograder.cli", "grade", "--seed", "1"]
#: nbgrader as it comes: its own preprocessors, its own kernel, no configuration of ours.
AUTOGRADE = [sys.executable, "-m", "nbgrader", "autograde", "--config", os.devnull]
AUTOGRADE += ["--Execute.timeout=3600"]
REFUSED = "There was an error processing assignment"


def timed(command: list[str], course: Path) -> Took:
    """Run a command in the course's folder, and watch its workers."""
    (course / "nbgrader_config.py").unlink(missing_ok=True)
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        seen = [0.0, 0.0]
        threading.Thread(target=_watch, args=(process.pid, seen), daemon=True).start()
        _, said = process.communicate()
    took = time.perf_counter() - started
    refused = said.count(REFUSED)
    if process.returncode and not refused:
        raise RuntimeError(
            f"{' '.join(command[1:4])} ended with {process.returncode}: {said[-2000:]}"
        )
    return Took(took, refused, *seen)


def _watch(pid: int, seen: list[float]) -> None:
    """Keep the most memory of one child: of itself, and with all below it."""
    while psutil.pid_exists(pid):
        try:
            for child in psutil.Process(pid).children():
                whole = usage_of(below(child.pid), proportional=True).mib
                own = child.memory_info().rss / 2**20
                seen[:] = [max(seen[0], own), max(seen[1], whole)]
        except psutil.NoSuchProcess:
            pass  # it ended while it was looked at
        time.sleep(0.2)


def _rate(each: int, seconds: list[float]) -> float:
    return 60 * each / median(seconds)


def _whole(records: Any, each: int) -> None:
    verdicts = {record.verdict for record in records}
    if len(records) != each or verdicts != {"graded"}:
        raise RuntimeError(f"{len(records)} of {each} were graded, with verdicts {verdicts}.")


def show(result: dict[str, Any]) -> str:
    """The comparisons as text, and each as README says it."""
    lines = []
    for lesson, one in result["lessons"].items():
        spread = f"{min(one['ratios']):.2f} to {max(one['ratios']):.2f}"
        parts = one["parts_seconds"]
        lines += [
            f"{one['submissions']} right copies of {lesson}, {one['rounds']} rounds",
            f"  autograder grade     {one['ours_per_minute']:6.1f} a minute, "
            f"{one['workers']} workers, in sandboxes",
            f"  nbgrader autograde   {one['nbgrader_per_minute']:6.1f} a minute, "
            f"on {one['submissions_nbgrader']} of them ({one['refused_by_nbgrader']} given up)",
            f"  ratio {one['ratio']:.2f} ({spread}); goal {result['goal']:g}",
            f"  one submission {one['seconds_in_one_submission']:.2f} s in its worker; "
            f"{one['share_outside_of_submissions']:.0%} of the workers' time is start and waiting",
            f"  start of the command {one['start_seconds']:.1f} s, {one['start_share']:.0%} of a "
            "round",
            f"  memory: worker {one['worker_peak_mib']:.0f} MiB, with all below it "
            f"{one['worker_with_sandbox_peak_mib']:.0f} MiB, the submission's own processes "
            f"{one['sandbox_peak_mib']:.0f} MiB at most",
            f"  the first of a worker {one['first_submission_seconds']:.2f} s, each after it "
            f"{parts[WHOLE]:.2f} s:",
            *(f"    {part:36}{parts[part]:7.3f} s" for part in (*STAGES, REST)),
            f"  README: {sentence(lesson, one)}",
        ]
    return "\n".join(lines)


def sentence(lesson: str, one: dict[str, Any]) -> str:
    """A comparison as README says it."""
    return (
        f"`{lesson}`, {one['submissions']} right copies: {one['ours_per_minute']:.1f} a minute "
        f"with {one['workers']} workers, plain nbgrader {one['nbgrader_per_minute']:.1f}; "
        f"{one['ratio']:.1f} times as many ({min(one['ratios']):.1f} to "
        f"{max(one['ratios']):.1f} in {one['rounds']} rounds). A worker takes "
        f"{one['worker_peak_mib']:.0f} MiB, a submission {one['sandbox_peak_mib']:.0f} MiB at most."
    )
