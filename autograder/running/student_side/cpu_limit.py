"""A block that stops after some seconds of its process's own CPU time, where the system counts it.

A clock on the wall would cost an honest answer its points on a machine that is busy.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from quantlab.base.time_limit import AGAIN_SECONDS, TimeIsUp


@contextlib.contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp inside the block once its process has used `seconds` of CPU time."""
    if not hasattr(signal, "ITIMER_PROF"):
        yield
        return
    armed = True

    def ring(number: int, frame: FrameType | None) -> None:
        if armed:
            raise TimeIsUp

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
