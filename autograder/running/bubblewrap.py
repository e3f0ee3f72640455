"""The default on Linux: bubblewrap, which needs no daemon, no image and no rights.

Namespaces of its own for users, processes, network, files, IPC and host name; a read-only system;
an empty home and /tmp in memory, of a limited size. Nothing of the course is in it but the rooms of
quantlab that teach no answer. It shares the machine's kernel: see the README for what that means.
"""

from __future__ import annotations

import shutil
import site
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from autograder.running import cgroup
from autograder.running.cgroup import Capped
from autograder.running.sandbox import (
    STUDENT_SIDE,
    Limits,
    NoSandbox,
    environment,
    rooms,
)
from autograder.running.started import Launch, Program, Started
from autograder.running.zygote import Zygote

HOME, COURSE = "/home/student", "/course"
#: Read by programs everywhere, and nobody's secret.
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/sys/devices/system/cpu",
)


#: Of the interpreter that waits, over its own namespaces alone: to make others, to switch their
#: loopback on, and to name the user of a copy. A copy has given them up before it runs a cell.
RIGHTS = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETFCAP")
#: Where a submission may write, and how much: None is the limit of its settings.
WRITABLE: dict[str, int | None] = {"/tmp": None, HOME: None, "/dev/shm": 64}

#: What the machine's first user may write, whatever namespace they are in; an instructor who grades
#: as that user would hand it to every submission. bubblewrap covers some of it, if not always.
COVERED = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")


class Bubblewrap:
    """A copy of an interpreter that waits in `bwrap`; where the system has no such copies to give,
    `bwrap` starts anew for each submission."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self._zygote = Zygote(_waiting)

    @property
    def caps(self) -> str:
        return "watchdog" if cgroup.delegated() is None else "cgroup v2"

    def start(self, limits: Limits) -> Started:
        made = cgroup.make(limits)
        try:
            started = self._copy(limits) or Program(Launch(tuple(_argv(limits))))
        except BaseException:
            if made is not None:
                made.remove()
            raise
        return started if made is None else Capped(started, made)

    def _copy(self, limits: Limits) -> Started | None:
        if _under_what_is_covered():
            return None
        places = [(place, mib or limits.tmp_mib) for place, mib in WRITABLE.items()]
        return self._zygote.copy({"places": places, "home": HOME})


def _under_what_is_covered() -> bool:
    """Whether this Python lies where a copy gets an empty folder of its own, such as in /tmp."""
    prefixes = (sys.base_prefix, sys.exec_prefix, sys.prefix)
    return any(Path(each).is_relative_to(place) for each in prefixes for place in WRITABLE)


def _argv(limits: Limits) -> Iterator[str]:
    yield from frame(limits)
    yield from _student_side()
    yield from ("--", sys.executable, "-P", "-s", "-m", "student_side.main")


def _waiting() -> Iterator[str]:
    """The interpreter that waits. It is the first user inside, because terminals need one."""
    yield from frame(Limits())
    yield from _student_side()
    yield from ("--uid", "0", "--gid", "0")
    for right in RIGHTS:
        yield from ("--cap-add", right)
    yield from ("--", sys.executable, "-P", "-s", "-m", "student_side.zygote")


def _student_side() -> Iterator[str]:
    yield from ("--dir", f"{COURSE}/quantlab/learn")
    for path in rooms():
        yield from ("--ro-bind", str(path), f"{COURSE}/quantlab/{path.name}")
    verbs = STUDENT_SIDE / "verbs.py"
    yield from ("--ro-bind", str(verbs), f"{COURSE}/quantlab/learn/__init__.py")
    yield from ("--ro-bind", str(STUDENT_SIDE), f"{COURSE}/student_side")
    for name, value in environment(HOME, f"{sys.prefix}/bin:/usr/bin:/bin", COURSE).items():
        yield from ("--setenv", name, value)
    yield from ("--chdir", HOME, "--remount-ro", "/")


def frame(limits: Limits) -> Iterator[str]:
    """bubblewrap with the system and this Python, without the course. NoSandbox without it."""
    program = shutil.which("bwrap")
    if program is None:
        raise NoSandbox(
            "bubblewrap is not installed. Install the package `bubblewrap` of your system, or use "
            "--isolation container."
        )
    yield program
    yield from ("--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534")
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL")
    yield from ("--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev")
    for path in COVERED:
        yield from ("--ro-bind-try", path, path)
    yield from _tmpfs("/dev/shm", 64)
    yield from ("--remount-ro", "/dev")
    yield from _tmpfs("/tmp", limits.tmp_mib)
    yield from _tmpfs(HOME, limits.tmp_mib)
    yield from _system()
    for hidden in _masked():
        yield from ("--tmpfs", hidden, "--remount-ro", hidden)


def _tmpfs(path: str, mib: int) -> tuple[str, ...]:
    return ("--size", str(mib * 1024 * 1024), "--tmpfs", path)


def _system() -> Iterator[str]:
    """The system and this Python, read-only, each at its own place."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in SYSTEM_FILES:
        yield from ("--ro-bind-try", name, name)
    for folder in dict.fromkeys((sys.base_prefix, sys.exec_prefix, sys.prefix)):
        if not Path(folder).is_relative_to("/usr"):
            yield from ("--ro-bind", folder, folder)


@lru_cache(maxsize=1)
def _masked() -> tuple[str, ...]:
    """Where an installed copy of the course would lie among the libraries."""
    names = ("quantlab", "autograder", "solutions", "tests")
    folders = [Path(p) for p in (*site.getsitepackages(), site.getusersitepackages())]
    return tuple(str(f / n) for f in folders for n in names if (f / n).is_dir())
