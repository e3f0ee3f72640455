"""One place to work: a worker process that is started when needed and replaced when it fails.

Each worker leads a process group and a session of its own. Ctrl-C at the terminal is for the batch,
which then ends the workers; and what a worker started ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import Any

import psutil

from autograder.batch.task import ATTEMPTS, WORK, Outcome, Task

#: Starting a worker loads the course; a loaded machine may need a while.
START_SECONDS = 120.0
#: Beyond the submission's own budget: restarts of the sandbox, judging, writing the result.
GRACE_SECONDS = 900.0


class Slot:
    """Runs one task at a time in its worker. Always comes back, whatever the task does."""

    def __init__(self, work: str = WORK, grace_seconds: float = GRACE_SECONDS) -> None:
        self._work = work
        self._grace = grace_seconds
        self._worker: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._closed = False

    def run(self, task: Task) -> Outcome:
        """The outcome of one task; a fault of ours is tried again once, in a new worker."""
        fault = ""
        for _ in range(ATTEMPTS):
            if self._closed:
                break
            answer = self._ask(task)
            if "result" in answer:
                return Outcome(task, answer["result"])
            fault = answer["fault"]
            self.end()
        return Outcome(task, None, fault)

    def close(self) -> None:
        """End the worker for good; a task that runs comes back with a fault."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """Kill the worker and all that it started, also what left its process group."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        below = []
        with contextlib.suppress(psutil.NoSuchProcess):
            below = psutil.Process(worker.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.kill()
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    @property
    def pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return None if self._worker is None else self._worker.pid

    def _ask(self, task: Task) -> dict[str, Any]:
        try:
            worker = self._worker or self._start()
            if self._closed:  # while it started
                self.end()
                return {"fault": "The batch was stopped."}
            assert worker.stdin is not None
            worker.stdin.write(json.dumps(task.to_dict()) + "\n")
            worker.stdin.flush()
            return self._next(task.settings.submission_seconds + self._grace)
        except queue.Empty:
            return {"fault": "The grading process did not answer within its time."}
        except (OSError, ValueError):  # ValueError: the stream was closed by `close`
            return {"fault": "The grading process ended before it took the task."}

    def _next(self, seconds: float) -> dict[str, Any]:
        line = self._answers.get(timeout=seconds)
        if line is None:
            return {"fault": "The grading process ended before it answered."}
        return dict(json.loads(line))

    def _start(self) -> subprocess.Popen[str]:
        answers: queue.Queue[str | None] = queue.Queue()
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "autograder.batch.pool_worker", self._work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._worker, self._answers = worker, answers
        threading.Thread(target=_listen, args=(worker, answers), daemon=True).start()
        if "ready" not in self._next(START_SECONDS):
            raise OSError("the worker did not start")
        return worker


def _listen(worker: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    assert worker.stdout is not None
    with contextlib.suppress(ValueError, OSError):  # closed while reading: the worker was ended
        for line in worker.stdout:
            answers.put(line)
    answers.put(None)
