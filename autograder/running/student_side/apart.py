"""An answer that is to be written from scratch runs alone: no thread and no process of an earlier
cell works for it.

A copy of this process has none of its other threads. All other processes of the sandbox, the
original among them, stand still until the copy has answered; one more copy, which runs nothing of
the student's, stops them and lets them go on. What the answer changes in its own memory is gone
with the copy.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from typing import NoReturn

PROC = "/proc"
#: States of a process that runs nothing: stopped, traced, dead.
STILL = frozenset("TtZX")
LOOKS, LOOK_SECONDS = 200, 0.005
DIED, NOT_ALONE = 3, 4
REFUSED = "An answer has other threads or processes beside it; this exercise is plain code"
# Taken before any cell runs: a cell may put others in their place.
_fork, _kill, _frames = getattr(os, "fork", None), os.kill, sys._current_frames
_memory = getattr(os, "memfd_create", None)
#: Where a copy leaves its answer: one file in memory, because later on no more can be made.
_files: list[int] = []


class Died(Exception):
    """The copy ended before it had answered."""


def prepare(private: Callable[[int], int]) -> None:
    """Make the file, before no more can be made; `private` gives it a number that code does not
    expect."""
    if _memory is not None:
        near = _memory("answer")
        _files[:] = [private(near)]
        os.close(near)


def is_alone(own_processes: bool) -> bool:
    """Whether nothing runs beside the thread that asks.

    own_processes   whether all processes that are seen belong to this sandbox.
    """
    return len(_frames()) == 1 and not (own_processes and _running({1, os.getpid()}))


def answered(work: Callable[[], bytes], own_processes: bool) -> bytes:
    """What `work` gives in a copy of this process, with nothing beside it.

    Died where the copy ended by itself; PermissionError where something runs beside it all the
    same.
    """
    if _fork is None or not _files:  # no such system has a sandbox of its own
        return work()
    file = _files[0]
    try:
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        keeper = _copied()
        if keeper == 0:
            _keep(file, work, own_processes)
        code = os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])
        if code == NOT_ALONE:
            raise PermissionError(REFUSED)
        if code != 0:
            raise Died
        os.lseek(file, 0, os.SEEK_SET)
        with os.fdopen(os.dup(file), "rb") as read:
            return read.read()
    except PermissionError:
        raise
    except OSError as lost:  # a cell may have closed the file, or no more processes are to be had
        raise Died from lost


def _keep(file: int, work: Callable[[], bytes], own_processes: bool) -> NoReturn:
    """In the first copy: stop the others, have a second copy answer, let the others go on."""
    code, stopped = NOT_ALONE, {os.getppid()}
    try:
        waits, go = os.pipe()
        if _stop(stopped, own_processes):
            worker = _copied()
            if worker == 0:
                os.close(go)
                _answer(file, work, waits, own_processes)
            if _stop(stopped, own_processes, but={worker}) and len(_frames()) == 1:
                os.write(go, b"!")
            os.close(go)
            code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
            code = code if code in (0, NOT_ALONE) else DIED
    finally:
        for pid in stopped:
            _signal(pid, signal.SIGCONT)
        os._exit(code)


def _answer(file: int, work: Callable[[], bytes], waits: int, own_processes: bool) -> NoReturn:
    """In the second copy."""
    code = NOT_ALONE
    try:
        others = {1, os.getpid(), os.getppid()}
        alone = os.read(waits, 1) and len(_frames()) == 1
        if alone and not (own_processes and _running(others)):
            code = DIED
            view = memoryview(work())
            while view:
                view = view[os.write(file, view) :]
            code = 0
    finally:
        os._exit(code)


def _stop(stopped: set[int], own_processes: bool, but: Iterable[int] = ()) -> bool:
    """Stop the original, and every other process where all belong to the sandbox; add them to
    `stopped`. False where one goes on running."""
    kept = {1, os.getpid(), *but}
    for _ in range(LOOKS):
        running = _running(kept) if own_processes else _running(kept) & stopped
        if not running:
            return True
        for pid in running:
            stopped.add(pid)
            _signal(pid, signal.SIGSTOP)
        time.sleep(LOOK_SECONDS)
    return False


def _running(but: set[int]) -> set[int]:
    """Every process that is seen and runs, without these. Where the system shows none: empty."""
    try:
        seen = {int(name) for name in os.listdir(PROC) if name.isdigit()}
    except OSError:
        return set()
    return {pid for pid in seen - but if _state(pid) not in STILL}


def _state(pid: int) -> str:
    try:
        with open(f"{PROC}/{pid}/stat", "rb") as file:
            return chr(file.read().rpartition(b")")[2].split()[0][0])
    except (OSError, IndexError):
        return "X"  # it is gone


def _signal(pid: int, number: int) -> None:
    try:
        _kill(pid, number)
    except OSError:
        return  # it is gone


def _copied() -> int:
    assert _fork is not None
    with warnings.catch_warnings():  # of Python 3.12 on, about the threads that are left behind
        warnings.simplefilter("ignore")
        return _fork()
