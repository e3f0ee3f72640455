"""What a program and everything below it uses: memory, CPU time, processes and threads."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """All processes together: MiB in memory, CPU seconds, and how many threads there are."""

    mib: float = 0.0
    cpu_seconds: float = 0.0
    threads: int = 0


def usage_below(pid: int, proportional: bool = False) -> Usage:
    """What `pid` and the processes below it use now; those that end meanwhile are left out.

    proportional   count a page that n processes share as 1/n (slower, where the system says it).
    """
    mib = cpu = 0.0
    threads = 0
    try:
        first = psutil.Process(pid)
        below = [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return Usage()
    for process in below:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            size = _proportional(process) if proportional else process.memory_info().rss
            mib += size / 2**20
            times = process.cpu_times()
            cpu += times.user + times.system
            threads += process.num_threads()
    return Usage(mib, cpu, threads)


def _proportional(process: psutil.Process) -> float:
    full = process.memory_full_info()
    return float(getattr(full, "pss", full.rss))
