"""Ctrl-C ends a training between two steps, never within one; its helpers end with it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

#: Seconds between two looks at whether the parent is still there.
LOOK_EVERY = 1.0


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed since; a second Ctrl-C ends at once.

    Only in a process's main thread, where the system delivers signals.
    """
    pressed = False
    before = signal.getsignal(signal.SIGINT)  # known before the first signal can come

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def follow(parent: int, worker: int) -> None:
    """For the processes that draw pictures: they do not hear Ctrl-C, and end with their parent.

    torch's own watch begins after this, with whoever is the parent then: killed any earlier, the
    training would leave processes that wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)
