"""A student's side that runs: its three pipes, what is alive of it, and its end.

Two ways to have one: a program that was started for it, or a copy of an interpreter that waited.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Protocol

import psutil

from autograder.running.usage import Usage, below, usage_of

GONE_SECONDS = 5.0
END_SECONDS = 30.0


@dataclass(frozen=True)
class Launch:
    """A program to start: requests go to its input, replies come from its output, and what the
    student's code prints from its error output. `env` is all of its environment, and `end` what
    must be run besides to end it."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | None = None
    end: tuple[str, ...] = ()


class Started(Protocol):
    """Requests go to `requests`, replies come from `replies`, and what the code prints from
    `printed`. `pid` is its first process: the code's own ones are below it."""

    pid: int
    requests: IO[bytes]
    replies: IO[bytes]
    printed: IO[bytes]

    def runs(self) -> bool:
        """Whether its first process is alive."""

    def used(self, proportional: bool = False) -> Usage:
        """What all processes of the code use now: as `usage_of`."""

    def out_of_memory(self) -> bool:
        """Whether the kernel ended it because of its memory."""

    def end(self) -> None:
        """End it and everything below it, and wait until that is gone. More than once is fine."""


class Program:
    """A program, started anew."""

    def __init__(self, launch: Launch) -> None:
        self._end_words = launch.end
        self._process = subprocess.Popen(
            launch.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=launch.env,
            cwd=launch.cwd,
            close_fds=True,
            start_new_session=True,  # Ctrl-C at the terminal is for the batch
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.pid = self._process.pid
        self.requests = self._process.stdin
        self.replies = self._process.stdout
        self.printed = self._process.stderr

    def runs(self) -> bool:
        return self._process.poll() is None

    def used(self, proportional: bool = False) -> Usage:
        return usage_of(below(self.pid), proportional)

    def out_of_memory(self) -> bool:
        return False  # nobody counts

    def end(self) -> None:
        end_all(self.pid, self._kill)
        self._process.wait()

    def _kill(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        if self._end_words:
            words, self._end_words = self._end_words, ()
            subprocess.run(words, capture_output=True, timeout=END_SECONDS, check=False)


class Copy:
    """The first process of namespaces that it started, known by a handle that no number reuses."""

    def __init__(self, pid: int, pipes: tuple[IO[bytes], IO[bytes], IO[bytes]]) -> None:
        self._handle = os.pidfd_open(pid)
        self.pid = pid
        self.requests, self.replies, self.printed = pipes

    def runs(self) -> bool:
        return not self._dead(0)

    def used(self, proportional: bool = False) -> Usage:
        return usage_of(below(self.pid)[1:], proportional)  # the first process only waits

    def out_of_memory(self) -> bool:
        return False  # nobody counts

    def end(self) -> None:
        if self.runs():  # else all others have ended with it, and the number may be another's
            end_all(self.pid, self._kill)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        # The first process of a namespace is gone only when all the others are.
        self._dead(GONE_SECONDS)

    def _dead(self, seconds: float) -> bool:
        look = select.poll()
        look.register(self._handle, select.POLLIN)  # can be read once it is dead
        return bool(look.poll(1000 * seconds))

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._handle)


def end_all(pid: int, kill: Callable[[], None]) -> None:
    """Kill `pid` by `kill` and everything that stood below it, and wait until nothing runs."""
    gone: list[psutil.Process] = []
    for each in below(pid)[1:]:
        with contextlib.suppress(psutil.Error):
            gone.append(psutil.Process(each))
    kill()
    for process in gone:
        with contextlib.suppress(psutil.Error):
            process.kill()
    ends_at = time.monotonic() + GONE_SECONDS
    while time.monotonic() < ends_at and any(map(_runs, gone)):
        time.sleep(0.002)


def _runs(process: psutil.Process) -> bool:
    """A zombie runs nothing, and waits for its parent."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
