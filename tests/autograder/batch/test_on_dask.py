"""A cluster of separate processes: a lost worker, a task that runs twice, a task that kills."""

import json
import os
import signal
import time

import dask
import pytest
from distributed import Client, LocalCluster

from autograder.batch.on_dask import DaskPool
from autograder.course_folder import CourseError
from tests.autograder.batch.test_pool import ROOT, WORK, runs, task  # noqa: F401


@pytest.fixture(scope="module")
def cluster():
    """Two workers of one thread each. A worker that is lost twice by a task is enough."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
    ):
        yield local
    os.environ.pop("PYTHONPATH")
    if before is not None:
        os.environ["PYTHONPATH"] = before


def test_a_task_whose_worker_is_killed_runs_again_and_counts_once(cluster, task, tmp_path):  # noqa: F811
    sleeper = task("sleeps", do="sleep", seconds=300, once=True)
    outcomes = DaskPool(cluster.scheduler_address, WORK).run([sleeper, task("well")])
    first = next(outcomes)
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        while not (tmp_path / "sleeps").exists():
            time.sleep(0.05)
        (address,) = {a for a, keys in client.processing().items() if keys}
        os.kill(client.run(os.getpid, workers=[address], nanny=False)[address], signal.SIGKILL)
    rest = list(outcomes)
    who = [first.task.student, *(o.task.student for o in rest)]
    assert who == ["well", "sleeps"]
    assert json.loads(rest[0].result)["who"] == "sleeps"
    assert len(runs(tmp_path, "sleeps")) == 2


def test_a_task_that_fails_is_a_fault_and_its_neighbours_are_graded(cluster, task):  # noqa: F811
    tasks = [task("dies", do="die"), *(task(f"s{n}") for n in range(4))]
    outcomes = {o.task.student: o for o in DaskPool(cluster.scheduler_address, WORK).run(tasks)}
    assert outcomes.pop("dies").fault == "The grading process ended before it answered."
    assert all(o.result for o in outcomes.values())
    assert len(outcomes) == 4


def test_a_task_that_ends_dask_workers_takes_no_neighbour_along(
    cluster,
    task,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)  # each restart takes seconds
    tasks = [task("kills", do="kill_parent"), *(task(f"s{n}") for n in range(4))]
    outcomes = {o.task.student: o for o in DaskPool(cluster.scheduler_address, WORK).run(tasks)}
    assert outcomes.pop("kills").fault.startswith("Its Dask worker ended each time")
    assert all(o.result for o in outcomes.values())
    assert len(outcomes) == 4


def test_nobody_at_the_address_is_one_sentence(monkeypatch):
    monkeypatch.setattr("autograder.batch.on_dask.CONNECT_SECONDS", 0.2)
    with pytest.raises(CourseError, match="No Dask scheduler answers"):
        DaskPool("tcp://127.0.0.1:1")
