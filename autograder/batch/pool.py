"""Worker processes on this machine, as many as its cores and its free memory carry."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Iterator

import psutil

from autograder.batch.slot import GRACE_SECONDS, Slot
from autograder.batch.task import WORK, Outcome, Task

#: What the trusted side of one worker needs itself, beside its sandbox.
WORKER_MIB = 512


def workers_for(memory_mib: int, cores: int | None = None, free_mib: float | None = None) -> int:
    """How many workers: one a core, and no more than free memory carries; at least one.

    memory_mib   what one sandbox may use at most.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = cores or usable or 1
    free = psutil.virtual_memory().available / 2**20 if free_mib is None else free_mib
    return max(1, min(most, int(free // (memory_mib + WORKER_MIB))))


class LocalPool:
    """An engine of worker processes; each submission is one task, each worker takes one at a time.

    Threads would not do: what grades has to be ended from outside, and Python code shares one lock.
    """

    def __init__(
        self, workers: int, work: str = WORK, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._slots = [Slot(work, grace_seconds) for _ in range(workers)]

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """The outcomes as they come. Closing the iterator ends the workers."""
        coming = iter(tasks)
        free, busy = list(self._slots), 0
        done: queue.SimpleQueue[tuple[Slot, Outcome]] = queue.SimpleQueue()
        try:
            while True:
                while free and (task := next(coming, None)) is not None:
                    threading.Thread(target=_work, args=(free.pop(), task, done)).start()
                    busy += 1
                if not busy:
                    return
                slot, outcome = done.get()
                free.append(slot)
                busy -= 1
                yield outcome
        finally:
            for slot in self._slots:
                slot.close()


def _work(slot: Slot, task: Task, done: queue.SimpleQueue[tuple[Slot, Outcome]]) -> None:
    done.put((slot, slot.run(task)))
