"""A block that stops after some seconds, on every system, without ending the process.

Where the main thread can have a timer signal (Linux, macOS), one is set; elsewhere (Windows,
another thread) a second thread puts the exception into this one. Either way it rises between two
Python instructions: a single long call in C, such as one huge matrix product, ends first. A browser
tab has neither timers nor a second thread: there nothing stops the block but the tab's own buttons.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from quantlab.base.browser import IN_BROWSER

#: After the first time, again and again: code that swallowed it once may not a second time.
AGAIN_SECONDS = 0.5


class TimeIsUp(BaseException):
    """The block took too long. No `Exception`, so that `except Exception` lets it pass."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp inside the block once `seconds` have gone by. Limits may be nested."""
    if IN_BROWSER:
        yield
        return
    limit = _by_signal(seconds) if _timer_is_free(seconds) else _by_thread(seconds)
    with _gradients_as_before(), limit:
        yield


@contextlib.contextmanager
def _gradients_as_before() -> Iterator[None]:
    """What rises while torch leaves its own `no_grad` block would leave all gradients off."""
    on = _torch() is None or _torch().is_grad_enabled()
    try:
        yield
    finally:
        if _torch() is not None:
            _torch().set_grad_enabled(on)


def _torch() -> Any:
    """torch, if anybody has imported the whole of it."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "set_grad_enabled") else None


def _timer_is_free(seconds: float) -> bool:
    """A process has one timer: one that rings earlier, such as an outer limit, keeps it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        return False
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    return left == 0 or left > seconds


@contextlib.contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    armed = True

    def ring(number: int, frame: FrameType | None) -> None:
        if armed:
            raise TimeIsUp

    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # a timer of somebody else goes on
            rest = max(left - (time.monotonic() - started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)


@contextlib.contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    here, done = ctypes.c_ulong(threading.get_ident()), threading.Event()
    put = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            put(here, ctypes.py_object(TimeIsUp))
            wait = AGAIN_SECONDS

    watcher = threading.Thread(target=watch, daemon=True, name="time limit")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        put(here, None)  # one that was put and has not risen yet
