"""A synthetic class with 5 % of each fault: every verdict and every point is accounted for.

The batch is ended with kill -9 in the middle and run again: what was kept stays, the rest runs.
Meanwhile its memory and its temporary folder are watched: neither may grow with the class.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from autograder.recording.gradebook import standings
from autograder.recording.record import read_records
from autograder.samples import LESSON
from benchmarks.class_material import SHARE, Kind, kinds, make_course, right_copy, submit

CELL_SECONDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--submissions", type=int, default=1000, help="default: 1000")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Grade the class, kill, resume: {submissions, reconciled, verdicts, points, memory, space}."""
    with TemporaryDirectory(prefix="class-") as name:
        folder = Path(name)
        course, temporary = folder / "course", folder / "tmp"
        temporary.mkdir()
        asked = hand_in(course, args.submissions)
        started = time.perf_counter()
        first = watched(course, temporary, stop_at=len(asked) // 2)
        kept = len(read_records(course / "records"))
        second = watched(course, temporary, stop_at=None)
        seconds = time.perf_counter() - started
        told = {s["student"]: s for s in json.loads(second.pop("stdout"))["submissions"]}
        wrong = differences(asked, told)
        rows = standings(f"sqlite:///{course / 'gradebook.db'}")
        left = sum(path.stat().st_size for path in temporary.rglob("*") if path.is_file())
    expected = sum(kind.points or 0.0 for kind in asked.values())
    given = sum(one["score"] or 0.0 for one in told.values())
    return {
        "lesson": LESSON,
        "submissions": len(asked),
        "kinds": dict(Counter(kind.name for kind in asked.values())),
        "verdicts": dict(Counter(one["verdict"] for one in told.values())),
        "points_expected": expected,
        "points_given": given,
        "points_in_gradebook": sum(row.score for row in rows.values()),
        "students_in_gradebook": len(rows),
        "reconciled": not wrong and expected == given,
        "differences": wrong,
        "killed_at": kept,
        "processes_left_after_kill": first["left"],
        "processes_left_at_end": second["left"],
        "minutes": seconds / 60,
        "per_minute": 60 * len(asked) / seconds,
        "batch_mib": [first["batch_mib"], second["batch_mib"]],
        "worker_mib": [first["worker_mib"], second["worker_mib"]],
        "temporary_mib": [first["temporary_mib"], second["temporary_mib"]],
        "temporary_left_bytes": left,
    }


def hand_in(course: Path, submissions: int) -> dict[str, Kind]:
    """Make the class; what each student's submission must come to."""
    answers = make_course(course)
    right, known = right_copy(course, answers), kinds(answers)
    each = max(1, round(SHARE * submissions))
    chosen = [kind for kind in known[1:] for _ in range(each)][: submissions - 1]
    chosen += [known[0]] * (submissions - len(chosen))
    asked = {f"student {n:04d}": chosen[n * 7919 % len(chosen)] for n in range(len(chosen))}
    for student, kind in asked.items():
        submit(course, student, kind.make(right))
    return asked


def watched(course: Path, temporary: Path, stop_at: int | None) -> dict[str, Any]:
    """Run the batch, killed once `stop_at` records are there; memory by quarters, in MiB."""
    command = [sys.executable, "-m", "autograder.cli", "grade", str(course / "submitted")]
    command += ["--json", "--seed", "1", "--timeout", str(CELL_SECONDS)]
    samples: list[tuple[float, float, float]] = []
    output = course.parent / "told.json"
    with (
        output.open("w") as file,
        subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(temporary)},
        ) as process,
    ):
        family = [psutil.Process(process.pid)]
        while process.poll() is None:
            samples.append(_sample(process.pid, temporary))
            family = _family(process.pid) or family
            if stop_at is not None and len(list((course / "records").glob("*/*"))) >= stop_at:
                family = _family(process.pid)
                os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.5)
    return {
        "stdout": output.read_text(),
        "batch_mib": _quarters([sample[0] for sample in samples]),
        "worker_mib": _quarters([sample[1] for sample in samples]),
        "temporary_mib": _quarters([sample[2] for sample in samples]),
        "left": _left(family),
    }


def differences(asked: dict[str, Kind], told: dict[str, Any]) -> list[str]:
    """Every submission that did not come to what its kind must."""
    wrong = []
    for student, kind in asked.items():
        one = told.get(student, {"verdict": "no row", "score": None})
        if (one["verdict"], one["score"]) != (kind.verdict, kind.points):
            wrong.append(
                f"{student} ({kind.name}): {one['verdict']} {one['score']}, expected "
                f"{kind.verdict} {kind.points}"
            )
    return wrong + [f"{student}: nobody of the class" for student in told.keys() - asked.keys()]


def _sample(pid: int, temporary: Path) -> tuple[float, float, float]:
    """Memory of the batch, of its largest worker, and the size of the temporary folder."""
    batch = worker = 0.0
    try:
        process = psutil.Process(pid)
        batch = process.memory_info().rss / 2**20
        worker = max((c.memory_info().rss / 2**20 for c in process.children()), default=0.0)
    except psutil.NoSuchProcess:
        pass  # it ended while it was looked at
    size = 0
    for path in temporary.rglob("*"):
        try:
            size += path.lstat().st_size
        except OSError:
            continue  # it is gone already
    return batch, worker, size / 2**20


def _quarters(values: list[float]) -> list[float]:
    """The largest of each quarter of the time: what grows shows in the last."""
    n = max(1, len(values) // 4)
    return [round(max(values[i : i + n] or [0.0]), 1) for i in range(0, 4 * n, n)]


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _left(family: list[psutil.Process]) -> int:
    """How many of these still live, after the moment that an end may take."""
    _, alive = psutil.wait_procs(family, timeout=10)
    return sum(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in alive)


def show(result: dict[str, Any]) -> str:
    """The account as text."""
    verdicts = ", ".join(f"{n} {name}" for name, n in sorted(result["verdicts"].items()))
    state = "reconciled to the last point" if result["reconciled"] else "NOT RECONCILED"
    return "\n".join(
        [
            f"{result['submissions']} submissions of {result['lesson']}: {verdicts}",
            f"  points: {result['points_given']:g} given, {result['points_expected']:g} expected, "
            f"{result['points_in_gradebook']:g} in the gradebook: {state}",
            *(f"  {line}" for line in result["differences"]),
            f"  killed with {result['killed_at']} kept and run again; left alive: "
            f"{result['processes_left_after_kill']} after the kill, "
            f"{result['processes_left_at_end']} at the end",
            f"  {result['minutes']:.1f} minutes, {result['per_minute']:.1f} a minute",
            f"  memory by quarters of each run, MiB: batch {result['batch_mib']}, "
            f"worker {result['worker_mib']}",
            f"  temporary folder the same way: {result['temporary_mib']}, "
            f"{result['temporary_left_bytes']} bytes left",
            f"  README: {sentence(result)}",
        ]
    )


def sentence(result: dict[str, Any]) -> str:
    """The account as README says it."""
    faults = len(result["kinds"]) - 1  # the other kind is the right copy
    left = result["processes_left_after_kill"] + result["processes_left_at_end"]
    batch, workers = _grown(result["batch_mib"]), _grown(result["worker_mib"])
    return (
        f"{result['submissions']:,} submissions of `{result['lesson']}`, {faults} kinds of fault "
        f"or oddity with {SHARE:.0%} of each, ended with kill -9 after {result['killed_at']} and "
        f"run again: {result['points_given']:,.0f} points given, "
        f"{result['points_expected']:,.0f} due, {result['points_in_gradebook']:,.0f} in the "
        f"gradebook; {len(result['differences'])} submissions came out otherwise than they must. "
        f"{left} processes and {result['temporary_left_bytes']} bytes stayed behind. The batch "
        f"grew by {batch:.0f} MiB over its first quarter, its workers by {workers:.0f}."
    )


def _grown(runs: list[list[float]]) -> float:
    """How much the largest quarter of a run is over its first one, in MiB, at most."""
    return max(max(quarters) - quarters[0] for quarters in runs)
