"""What lies in a submissions folder and is no submission: each is somebody's work, and is named.

Expected is SUBMISSIONS/STUDENT/LESSON/LESSON.ipynb. A file from a learning platform, a notebook one
folder too high, an empty folder, a folder whose name is no id: none of them may vanish silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.intake.student_ids import EXPECTED, NO_STUDENTS, is_id


@dataclass(frozen=True)
class Stray:
    """One thing in the wrong place: whose it seems to be, the verdict, and what to do."""

    student: str
    verdict: str
    sentence: str


def find_strays(folder: Path) -> Iterator[Stray]:
    """Everything under `folder` that is no STUDENT/LESSON folder, in order."""
    for entry in _entries(folder):
        if entry.is_symlink():
            continue  # a link in the place of a student is a submission that is refused
        if not entry.is_dir():
            yield Stray(
                entry.name[:60],
                "malformed",
                f"The file {entry.name[:60]!r} lies straight in {folder.name}/. Unpack a download "
                "with `autograder collect`, or put it at STUDENT/LESSON/LESSON.ipynb.",
            )
            continue
        if not is_id(entry.name):
            yield Stray(
                entry.name[:60],
                "malformed",
                f"The folder name {entry.name[:60]!r} is no id; expected are {EXPECTED}. "
                "Rename the folder.",
            )
            continue
        yield from _strays_of(entry)


def _strays_of(student: Path) -> Iterator[Stray]:
    inside = _entries(student)
    lessons = [path for path in inside if path.is_symlink() or path.is_dir()]
    files = [path for path in inside if path not in lessons]
    for path in files:
        if path.suffix == ".ipynb":
            yield Stray(
                student.name,
                "malformed",
                f"{path.name[:60]} lies straight in the student's folder. Put it at "
                f"{student.name}/LESSON/LESSON.ipynb.",
            )
    if not lessons and not any(path.suffix == ".ipynb" for path in files):
        yield Stray(
            student.name,
            "missing",
            "The student's folder is empty: nothing was handed in, or it was lost on the way.",
        )


def _entries(folder: Path) -> list[Path]:
    found = (
        p for p in folder.iterdir() if not p.name.startswith(".") and p.name not in NO_STUDENTS
    )
    return sorted(found)
