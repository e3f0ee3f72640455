"""One grader at a time in a course folder: two would overwrite each other's results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from autograder.course_folder import CourseError


@contextlib.contextmanager
def only_grader(course: Path) -> Iterator[None]:
    """Hold course/.grading.lock. CourseError where another living process holds it."""
    path = course / ".grading.lock"
    _take(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _take(path: Path) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        holder = _holder(path)
        if holder is not None:
            raise CourseError(
                f"Process {holder} is grading in {path.parent} already. Wait for it, or stop it."
            ) from None
        path.unlink(missing_ok=True)  # left behind by a process that was killed
        _take(path)
        return
    with os.fdopen(handle, "w") as file:
        file.write(str(os.getpid()))


def _holder(path: Path) -> int | None:
    """The living process that wrote the lock, or None."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return None
    return pid if psutil.pid_exists(pid) and pid != os.getpid() else None
