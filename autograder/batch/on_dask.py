"""A class that outgrows one machine: the same tasks on a cluster of dask.distributed.

Dask carries texts to its workers and texts back. Beside each Dask worker stands a process of ours
(`Slot`) that does the work, so a task's deadline, its restarts and its process group are the same
as on one machine. Dask may run a task twice, when a worker is lost; the result is the same text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from autograder.batch.slot import Slot
from autograder.batch.task import WORK, Outcome, Task
from autograder.course_folder import CourseError

#: Tasks that are on their way for each thread of the cluster: one runs, one waits.
AHEAD = 2
CONNECT_SECONDS = 20
LOST = "Its Dask worker ended each time that it ran. Look into the worker's log."

_here = threading.local()


class DaskPool:
    """An engine on a running cluster, at the address of its scheduler."""

    def __init__(self, address: str, work: str = WORK) -> None:
        """Connect. Raises CourseError where Dask is missing or nobody answers."""
        try:
            from distributed import Client
        except ImportError:
            raise CourseError(
                "Dask is not installed. Install it with: pip install 'quantlab[dask]'."
            ) from None
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as fault:
            raise CourseError(
                f"No Dask scheduler answers at {address} ({type(fault).__name__}). Start one with "
                "`dask scheduler`, or check the address; expected is tcp://HOST:PORT."
            ) from None
        self._work = work

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """The outcomes as they come; a task whose worker was lost is run again on its own."""
        coming, lost = iter(tasks), []
        try:
            for task, future in self._completed(coming, self._room()):
                outcome = _outcome(task, future)
                if outcome.result is None and outcome.fault == LOST:
                    lost.append(task)  # perhaps only a neighbour of the one that ended the worker
                else:
                    yield outcome
            for task, future in self._completed(iter(lost), 1):
                yield _outcome(task, future)
        finally:
            self._client.close()

    def _completed(self, coming: Iterator[Task], room: int) -> Iterator[tuple[Task, Any]]:
        from distributed import as_completed

        running: dict[Any, Task] = {}
        done = as_completed(loop=self._client.loop)
        while True:
            while len(running) < room and (task := next(coming, None)) is not None:
                future = self._client.submit(run_there, self._work, task.to_dict(), pure=False)
                running[future] = task
                done.add(future)
            if not running:
                return
            future = next(done)
            yield running.pop(future), future
            future.release()

    def _room(self) -> int:
        threads = sum(self._client.nthreads().values())
        return max(1, AHEAD * threads)


def run_there(work: str, data: dict[str, Any]) -> str:
    """On a Dask worker: {"result": text} or {"fault": sentence}, as JSON."""
    slot = getattr(_here, "slot", None)
    if slot is None:
        slot = _here.slot = Slot(work)
    outcome = slot.run(Task.from_dict(data))
    if outcome.result is None:
        return json.dumps({"fault": outcome.fault})
    return json.dumps({"result": outcome.result})


def _outcome(task: Task, future: Any) -> Outcome:
    from distributed import KilledWorker

    try:
        said = json.loads(future.result())
    except KilledWorker:
        return Outcome(task, None, LOST)
    except Exception as fault:  # of Dask itself: a version that differs, a lost connection
        return Outcome(task, None, f"Dask said {type(fault).__name__}: {fault}"[:300])
    return Outcome(task, said.get("result"), said.get("fault", ""))
