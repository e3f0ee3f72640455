"""One grader at a time in a course folder: two would overwrite each other's results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from autograder.course_folder import CourseError

#: A start time is read in ticks of the system's clock, which may be set a little in between.
SAME_START_SECONDS = 2.0


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
    except OSError as fault:
        raise CourseError(
            f"{path.parent} cannot be written ({fault.strerror}). Free some space, or check your "
            "rights."
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{os.getpid()} {psutil.Process().create_time()}")


def _holder(path: Path) -> int | None:
    """The living process that wrote the lock, or None.

    A process number is used again after a while; the start time tells the two processes apart.
    """
    try:
        number, _, started = path.read_text().partition(" ")
        process = psutil.Process(int(number))
        same = abs(process.create_time() - float(started)) < SAME_START_SECONDS
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process.pid if same and process.pid != os.getpid() else None
