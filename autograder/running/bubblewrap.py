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

from autograder.running.sandbox import (
    STUDENT_SIDE,
    Launch,
    Limits,
    NoSandbox,
    environment,
    rooms,
)

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


class Bubblewrap:
    """Starts `bwrap` anew for each submission."""

    name = "bubblewrap"

    def launch(self, limits: Limits) -> Launch:
        return Launch(tuple(_argv(limits)))


def _argv(limits: Limits) -> Iterator[str]:
    yield from frame(limits)
    yield from ("--dir", f"{COURSE}/quantlab/learn")
    for path in rooms():
        yield from ("--ro-bind", str(path), f"{COURSE}/quantlab/{path.name}")
    verbs = STUDENT_SIDE / "verbs.py"
    yield from ("--ro-bind", str(verbs), f"{COURSE}/quantlab/learn/__init__.py")
    yield from ("--ro-bind", str(STUDENT_SIDE), f"{COURSE}/student_side")
    for name, value in environment(HOME, f"{sys.prefix}/bin:/usr/bin:/bin", COURSE).items():
        yield from ("--setenv", name, value)
    yield from ("--chdir", HOME, "--remount-ro", "/")
    yield from ("--", sys.executable, "-P", "-s", "-m", "student_side.main")


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
