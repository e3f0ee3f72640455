"""Ctrl-C ends a training between two steps, never within one."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed since; a second Ctrl-C ends at once.

    Only in a process's main thread, where the system delivers signals.
    """
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def ignored(worker: int) -> None:
    """For the processes that draw pictures: the main process alone decides when to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
