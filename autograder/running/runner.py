"""The one place where a submission is run: `Runner.run(job)`.

A separate process does it, so that a hang, a crash or Ctrl-C costs one submission and never the
batch. The process has the instructor's rights; a sandbox would be put here, behind the same call.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

#: Starting the worker loads nbgrader; a loaded machine may need a while.
START_SECONDS = 120
#: Beyond the submission's own budget: start of the kernel, conversion, shutdown.
GRACE_SECONDS = 60

#: What a submission's kernel sees of the instructor's environment. Tokens and keys stay out.
PASSED_ON = frozenset(
    [
        "PATH",
        "HOME",
        "USERPROFILE",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "COMSPEC",
        "PATHEXT",
        "WINDIR",
        "TEMP",
        "TMP",
        "TMPDIR",
        "LANG",
        "TZ",
        "LANGUAGE",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "OMP_NUM_THREADS",
        "OMP_WAIT_POLICY",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "XDG_CACHE_HOME",
        "MPLCONFIGDIR",
    ]
)


@dataclass(frozen=True)
class Job:
    """One submission to run: `staged` is a folder in nbgrader's submitted/ layout."""

    course: str
    db_url: str
    student: str
    lesson: str
    staged: str
    seed: int
    cell_seconds: int
    submission_seconds: int


@dataclass(frozen=True)
class Ran:
    """How the run ended: "graded", "timeout" (the worker had to be killed) or "failed"."""

    outcome: str
    error: str = ""
    log: str = ""


class Runner:
    """Runs jobs one after the other in a worker process, replaced when it had to be killed."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._private = tempfile.TemporaryDirectory(prefix="quantlab-grade-")

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        with contextlib.suppress(OSError):  # a killed kernel may still be letting go of a file
            self._private.cleanup()

    def run(self, job: Job) -> Ran:
        """Grade one submission; always comes back, whatever the submission does."""
        if self._worker is None:
            self._start()
        assert self._worker is not None
        assert self._worker.stdin is not None
        try:
            self._worker.stdin.write(json.dumps(asdict(job)) + "\n")
            self._worker.stdin.flush()
            answer = self._next(job.submission_seconds + GRACE_SECONDS)
        except (queue.Empty, OSError) as fault:
            self._end()
            late = isinstance(fault, queue.Empty)
            return Ran("timeout" if late else "failed", "The grading process ended.")
        if answer is None:
            self._end()
            return Ran("failed", "The grading process ended before it answered.")
        if answer["ok"]:
            return Ran("graded", log=answer["log"])
        return Ran("failed", answer["error"], answer["log"])

    def _start(self) -> None:
        self._answers = queue.Queue()
        self._worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "autograder.running.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=self._environment(os.environ),
            # Ctrl-C at the terminal is for the batch; it then ends the worker itself.
            start_new_session=True,
        )
        threading.Thread(target=_listen, args=(self._worker, self._answers), daemon=True).start()
        if self._next(START_SECONDS) is None:
            raise RuntimeError("The grading process did not start; run `quantlab doctor`.")

    def _next(self, seconds: float) -> dict[str, Any] | None:
        line = self._answers.get(timeout=seconds)
        return None if line is None else dict(json.loads(line))

    def _environment(self, whole: Mapping[str, str]) -> dict[str, str]:
        home = Path(self._private.name)
        kept = {k: v for k, v in whole.items() if k.upper() in PASSED_ON or k.startswith("LC_")}
        return kept | {
            # A submission that calls hint() writes to a progress file of its own.
            "QUANTLAB_HOME": str(home / "quantlab"),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
        }

    def _end(self) -> None:
        """Kill the worker and its kernels, which have sessions of their own."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(worker.pid).children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        worker.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _listen(worker: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    assert worker.stdout is not None
    with contextlib.suppress(ValueError):  # closed while reading: the worker was ended
        for line in worker.stdout:
            answers.put(line)
    answers.put(None)
