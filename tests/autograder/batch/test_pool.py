"""Worker processes of this machine: every task comes back, whatever it does to its worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.batch.pool import LocalPool, workers_for
from autograder.batch.task import Task
from autograder.running.settings import Settings

ROOT = Path(__file__).parents[3]
WORK = "tests.support.pool_work:work"


@pytest.fixture(autouse=True)
def _workers_find_the_work(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def task(tmp_path):
    def make(who, budget=60.0, **asked):
        data = json.dumps({"who": who, "log": str(tmp_path / who), **asked}).encode()
        settings = Settings(seed=5, submission_seconds=budget)
        return Task(who, "01", data, "abc", b"", settings)

    return make


def run(tasks, workers=2, grace=60.0):
    return {o.task.student: o for o in LocalPool(workers, WORK, grace).run(tasks)}


def runs(tmp_path, who):
    return (tmp_path / who).read_text().splitlines()


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def until_gone(pid, seconds=20):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_every_task_comes_back_with_what_it_was_given(task):
    outcomes = run([task(f"s{n}") for n in range(5)])
    said = [json.loads(outcomes[f"s{n}"].result) for n in range(5)]
    assert said == [{"who": f"s{n}", "hash": "abc", "seed": 5} for n in range(5)]


def test_what_fails_costs_itself_and_is_tried_once_more(task, tmp_path):
    outcomes = run(
        [
            task("dies", do="die"),
            task("dies_once", do="die", once=True),
            task("raises", do="raise"),
            task("prints", do="print"),
            task("well"),
        ]
    )
    faults = {who: outcome.fault for who, outcome in outcomes.items() if outcome.result is None}
    assert faults == {
        "dies": "The grading process ended before it answered.",
        "raises": "ValueError: a fault of ours",
    }
    times = {who: len(runs(tmp_path, who)) for who in outcomes}
    assert times == {"dies": 2, "dies_once": 2, "raises": 2, "prints": 1, "well": 1}


def test_a_task_that_hangs_is_ended_with_its_children(task, tmp_path):
    outcomes = run([task("hangs", budget=1.0, do="child"), task("well")], grace=1.0)
    assert outcomes["hangs"].fault == "The grading process did not answer within its time."
    assert outcomes["well"].result
    pids = [int(line) for line in runs(tmp_path, "hangs")]
    assert len(pids) == 2
    assert all(until_gone(pid) for pid in pids)
    assert until_gone(int((tmp_path / "hangs.child").read_text()))


def test_tasks_are_taken_as_there_is_room(task):
    taken = []

    def coming():
        for n in range(6):
            taken.append(n)
            yield task(f"s{n}")

    outcomes = LocalPool(2, WORK).run(coming())
    next(outcomes)
    assert len(taken) == 2
    outcomes.close()


def test_closing_ends_what_runs(task, tmp_path):
    outcomes = LocalPool(2, WORK).run([task("well"), task("sleeps", do="sleep", seconds=300)])
    assert next(outcomes).task.student == "well"
    while not (tmp_path / "sleeps").exists():
        time.sleep(0.05)
    outcomes.close()
    assert until_gone(int(runs(tmp_path, "sleeps")[0]))


BATCH = """
import sys
from tests.autograder.batch.test_pool import WORK, LocalPool, Settings, Task
data = sys.argv[1].encode()
task = Task("s", "01", data, "abc", b"", Settings(submission_seconds=300))
list(LocalPool(1, WORK).run([task]))
"""


def test_after_kill_9_nothing_is_left(tmp_path):
    data = json.dumps({"who": "s", "log": str(tmp_path / "s"), "do": "child"})
    batch = subprocess.Popen([sys.executable, "-c", BATCH, data])
    child = tmp_path / "s.child"
    while not child.exists() or not child.read_text():
        time.sleep(0.05)
    os.kill(batch.pid, signal.SIGKILL)
    batch.wait()
    assert until_gone(int(runs(tmp_path, "s")[0]))
    assert until_gone(int(child.read_text()))


@pytest.mark.parametrize(
    ("cores", "free", "workers"),
    [(2, 16_000, 2), (8, 16_000, 4), (8, 1_000, 1), (1, 500_000, 1), (64, 500_000, 64)],
)
def test_as_many_workers_as_cores_and_memory_carry(cores, free, workers):
    assert workers_for(3_072, cores, free) == workers
