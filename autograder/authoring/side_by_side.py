"""Independent pieces of work, shared out to processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], workers: int
) -> Iterator[Result]:
    """`work` on every piece, the results in the order of the pieces.

    work     a function of a module, so that another process finds it.
    pieces   the longest first: then the workers end together.
    workers  processes; with 1 the work is done in this one. Leaving the iterator early ends them.

    Raises what `work` raises. What it writes to stderr is not seen: the lines of several processes
    would mix.
    """
    if workers == 1:
        yield from map(work, pieces)
        return
    # A new Python each: a copy of this one would hold torch's locks in the state they are in.
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    with context.Pool(workers, _begin, (threads,)) as pool:
        yield from pool.imap(work, pieces)


def _begin(threads: int) -> None:
    """Before the work is imported. A worker ends when it is told to, or when nobody is there any
    more who would tell it."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, and it ends us
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
