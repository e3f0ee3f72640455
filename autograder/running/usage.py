"""What a program and everything below it use: memory, CPU time, processes and threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """All processes together: MiB in memory, CPU seconds, and how many threads there are."""

    mib: float = 0.0
    cpu_seconds: float = 0.0
    threads: int = 0


def usage_of(pids: Iterable[int], proportional: bool = False) -> Usage:
    """What these processes use now; those that end meanwhile are left out.

    proportional   count a page that n processes share as 1/n (slower, where the system says it).
    """
    mib = cpu = 0.0
    threads = 0
    for each in pids:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(each)
            size = _proportional(process) if proportional else process.memory_info().rss
            mib += size / 2**20
            times = process.cpu_times()
            cpu += times.user + times.system
            threads += process.num_threads()
    return Usage(mib, cpu, threads)


def below(pid: int) -> list[int]:
    """`pid` and every process below it. Linux lists the children of each; elsewhere all processes
    of the machine are looked through."""
    if (PROC / str(pid) / "task" / str(pid) / "children").exists():
        return list(_listed(pid))
    try:
        first = psutil.Process(pid)
        return [pid, *(child.pid for child in first.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _listed(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        now = waiting.pop()
        yield now
        with contextlib.suppress(OSError):
            for task in (PROC / str(now) / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())


def _proportional(process: psutil.Process) -> float:
    full = process.memory_full_info()
    return float(getattr(full, "pss", full.rss))
