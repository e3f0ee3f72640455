"""Grading lesson 01: `autograder grade` against plain `nbgrader autograde`, in turns.

Right copies, the same for both. Ours runs each in a sandbox and judges it outside, with as many
workers as the machine carries; nbgrader runs them one after the other with its own rights, as it
comes. A round grades some of them with the one and then with the other, start of the program
included, so that a machine that gets busy is busy for both.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from autograder.batch.pool import workers_for
from autograder.recording.record import read_records
from autograder.samples import LESSON
from benchmarks.class_material import copy_course, make_course, right_copy, submit

GOAL = 4.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--submissions", type=int, default=100, help="right copies (default: 100)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Grade in turns: {submissions, workers, ratio, ours, nbgrader, where the time goes}."""
    each = max(1, args.submissions // args.rounds)
    ours: list[float] = []
    theirs: list[float] = []
    seconds: list[float] = []
    peaks: list[float] = []
    sandbox: list[float] = []
    with TemporaryDirectory(prefix="grading-") as folder:
        course = Path(folder) / "course"
        answers = make_course(course)
        right = right_copy(course, answers)
        for n in range(args.rounds):
            mine, plain = (copy_course(course, Path(folder) / f"{n}-{w}") for w in ("o", "n"))
            for student in range(each):
                for where in (mine, plain):
                    submit(where, f"s{student}", right)
            took, peak = timed([*GRADE, str(mine / "submitted")], mine)
            ours.append(took)
            peaks.append(peak)
            records = read_records(mine / "records")
            _agree(records, each)
            seconds += [record.seconds for record in records]
            sandbox += [record.peak_mib for record in records]
            theirs.append(timed([*AUTOGRADE, LESSON], plain)[0])
            print(f"round {n + 1}: {theirs[-1] / ours[-1]:.2f} times", file=sys.stderr)
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    workers = min(each, workers_for(3072))
    return {
        "lesson": LESSON,
        "submissions": each * args.rounds,
        "rounds": args.rounds,
        "workers": workers,
        "ratio": median(ratios),
        "ratios": ratios,
        "goal": GOAL,
        "ours_per_minute": 60 * each / median(ours),
        "nbgrader_per_minute": 60 * each / median(theirs),
        "seconds_in_one_submission": median(seconds),
        "share_outside_of_submissions": 1 - sum(seconds) / (workers * sum(ours)),
        "worker_peak_mib": max(peaks),
        "sandbox_peak_mib": max(sandbox),
    }


GRADE = [sys.executable, "-m", "autograder.cli", "grade", "--seed", "1"]
#: nbgrader as it comes: its own preprocessors, its own kernel, no configuration of ours.
AUTOGRADE = [sys.executable, "-m", "nbgrader", "autograde", "--config", os.devnull]


def timed(command: list[str], course: Path) -> tuple[float, float]:
    """Seconds that a command took, and the largest memory of one of its Python workers, in MiB."""
    (course / "nbgrader_config.py").unlink(missing_ok=True)
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        seen: list[float] = [0.0]
        threading.Thread(target=_watch, args=(process.pid, seen), daemon=True).start()
        _, said = process.communicate()
    took = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(
            f"{' '.join(command[1:4])} ended with {process.returncode}: {said[-500:]}"
        )
    return took, max(seen)


def _watch(pid: int, seen: list[float]) -> None:
    while psutil.pid_exists(pid):
        try:
            for child in psutil.Process(pid).children():
                seen.append(child.memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            pass  # it ended while it was looked at
        seen[:] = [max(seen)]
        time.sleep(0.2)


def _agree(records: Any, each: int) -> None:
    points = {record.score for record in records}
    if len(records) != each or len(points) != 1:
        raise RuntimeError(f"{len(records)} of {each} were graded, with {points} points.")


def show(result: dict[str, Any]) -> str:
    """The comparison as text."""
    spread = f"{min(result['ratios']):.2f} to {max(result['ratios']):.2f}"
    outside = f"{result['share_outside_of_submissions']:.0%}"
    return "\n".join(
        [
            f"{result['submissions']} right copies of {result['lesson']}, "
            f"{result['rounds']} rounds",
            f"  autograder grade     {result['ours_per_minute']:6.1f} a minute, "
            f"{result['workers']} workers, in sandboxes",
            f"  nbgrader autograde   {result['nbgrader_per_minute']:6.1f} a minute",
            f"  ratio {result['ratio']:.2f} ({spread}); goal {result['goal']:g}",
            f"  one submission {result['seconds_in_one_submission']:.2f} s in its worker; "
            f"{outside} of the workers' time is start and waiting",
            f"  memory: worker {result['worker_peak_mib']:.0f} MiB, "
            f"sandbox {result['sandbox_peak_mib']:.0f} MiB at most",
        ]
    )
