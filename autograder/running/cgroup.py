"""Caps of the kernel's own on all processes of one sandbox together: a cgroup of version 2.

Taken where this process may make one: it was started in a cgroup that is delegated to it, such as
`systemd-run --user --scope -p Delegate=yes autograder grade …`, or beside one whose parent it may
write. Everywhere else the watch from outside holds memory and processes down (session.py).

Source of the files' meaning: Linux, Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.running.sandbox import Limits, NoSandbox
from autograder.running.started import Started
from autograder.running.usage import Usage, below

CONTROLLERS = frozenset({"memory", "pids"})
#: The cgroup that this process moves into: one that passes controllers on may hold no process.
LEAF = "quantlab-grader"
GONE_SECONDS = 1.0


@dataclass(frozen=True)
class Cgroup:
    """One sandbox's cgroup, at `folder`, from its start to its end."""

    folder: Path

    def take(self, pid: int) -> None:
        """Move a process in; what it starts from now on starts in here. One that is gone, or a
        cgroup that is, changes nothing."""
        with contextlib.suppress(OSError), (self.folder / "cgroup.procs").open("a") as file:
            file.write(f"{pid}\n")

    def out_of_memory(self) -> bool:
        """Whether the kernel ended it because of its memory."""
        with contextlib.suppress(OSError):
            rows = (self.folder / "memory.events").read_text().splitlines()
            counts = dict(row.split() for row in rows)
            return counts.get("oom_kill", "0") != "0"
        return False

    def kill(self) -> None:
        """End every process in it, however it hides. Older kernels (before 5.14) lack the file."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")

    def remove(self) -> None:
        """Take it away once its processes are gone."""
        ends_at = time.monotonic() + GONE_SECONDS
        while self.folder.is_dir() and time.monotonic() < ends_at:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.01)


class Capped:
    """A student's side that runs in a cgroup of its own.

    It is moved before its first request, when no line of a submission has run yet: until all
    processes below it were seen to stand there twice in a row, because a moved one may just have
    started another.
    """

    def __init__(self, started: Started, cgroup: Cgroup) -> None:
        self._started, self._cgroup = started, cgroup
        self.pid = started.pid
        self.requests, self.replies = started.requests, started.replies
        self.printed = started.printed
        seen: list[int] = []
        while (now := below(self.pid)) != seen:
            for pid in now:
                cgroup.take(pid)
            seen = now

    def runs(self) -> bool:
        return self._started.runs()

    def used(self, proportional: bool = False) -> Usage:
        return self._started.used(proportional)

    def out_of_memory(self) -> bool:
        return self._cgroup.out_of_memory()

    def end(self) -> None:
        self._cgroup.kill()
        self._started.end()
        self._cgroup.remove()


def make(limits: Limits) -> Cgroup | None:
    """A new cgroup with these limits; None where the machine gives none. NoSandbox where it gave
    one before and does not now."""
    above = delegated()
    if above is None:
        return None
    folder = above / f"quantlab-{secrets.token_hex(8)}"
    try:
        folder.mkdir()
        (folder / "memory.max").write_text(str(limits.memory_mib * 2**20))
        (folder / "memory.oom.group").write_text("1")
        (folder / "pids.max").write_text(str(limits.processes))
        with contextlib.suppress(OSError):  # a kernel that does not count swap has no such file
            (folder / "memory.swap.max").write_text("0")
    except OSError as fault:
        raise NoSandbox(
            f"No cgroup can be made in {above} ({fault.strerror}). Start the grader in a cgroup of "
            "its own: systemd-run --user --scope -p Delegate=yes autograder grade …"
        ) from None
    return Cgroup(folder)


@lru_cache(maxsize=1)
def delegated() -> Path | None:
    """Where this process may make cgroups with caps of memory and processes; None: nowhere."""
    return find(Path("/proc/self"))


def find(proc: Path) -> Path | None:
    """The same for the process at `proc` in /proc, which may be moved into a cgroup LEAF."""
    own = _own(proc)
    if own is None:
        return None
    if own.name != LEAF and _gives_way(own):
        return own
    return own.parent if _passes_on(own.parent) else None


def _own(proc: Path) -> Path | None:
    """The folder of the process's cgroup; None without cgroups of version 2."""
    try:
        rows = (proc / "cgroup").read_text().splitlines()
        (inside,) = [row[3:] for row in rows if row.startswith("0::")]
        mounts = [row.partition(" - ") for row in (proc / "mountinfo").read_text().splitlines()]
    except (OSError, ValueError):
        return None
    for place, _, kind in mounts:
        if kind.startswith("cgroup2 "):
            root, mount = (Path(word) for word in place.split()[3:5])
            if ".." not in inside and Path(inside).is_relative_to(root):
                return mount / Path(inside).relative_to(root)
    return None


def _gives_way(own: Path) -> bool:
    """Whether `own` passes both controllers on; the one process in it is moved down for that."""
    if not _writable(own) or not _words(own / "cgroup.controllers") >= CONTROLLERS:
        return False
    if _passes_on(own):
        return True
    leaf, me = own / LEAF, str(os.getpid())
    try:
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(me)
        (own / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:  # other processes stand in it, such as the shell
        with contextlib.suppress(OSError):
            (own / "cgroup.procs").write_text(me)
            leaf.rmdir()
        return False
    return True


def _passes_on(folder: Path) -> bool:
    return _writable(folder) and _words(folder / "cgroup.subtree_control") >= CONTROLLERS


def _writable(folder: Path) -> bool:
    return all(os.access(path, os.W_OK) for path in (folder, folder / "cgroup.procs"))


def _words(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().split())
    except OSError:
        return frozenset()
