"""A course folder: where nbgrader's steps lie, and what is said where it cannot be used."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path


class CourseError(Exception):
    """A course folder that cannot be used; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Course:
    """The folder, where submissions come from, where records go, and the gradebook's address."""

    folder: Path
    submitted: Path
    records: Path
    db_url: str

    @property
    def release(self) -> Path:
        return self.folder / "release"

    def release_path(self, lesson: str) -> Path:
        return self.release / lesson / f"{lesson}.ipynb"

    def release_sha256(self, lesson: str) -> str:
        return hashlib.sha256(self.release_path(lesson).read_bytes()).hexdigest()

    def autograded_path(self, student: str, lesson: str) -> Path:
        return self.folder / "autograded" / student / lesson / f"{lesson}.ipynb"

    def feedback_path(self, student: str, lesson: str) -> Path:
        return self.folder / "feedback" / student / lesson / f"{lesson}.html"

    def lessons(self) -> tuple[str, ...]:
        found = sorted(self.release.glob("*/*.ipynb"))
        return tuple(path.stem for path in found if path.stem == path.parent.name)


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    """Which course, which gradebook, which records: `course_of` reads them."""
    parser.add_argument("--course", type=Path, metavar="DIR", help="default: SUBMISSIONS' parent")
    parser.add_argument("--gradebook", metavar="URL", help="default: gradebook.db in the course")
    parser.add_argument(
        "--records", type=Path, metavar="DIR", help="default: records in the course"
    )


def course_of(args: argparse.Namespace) -> Course:
    """The course that a command was called for. Raises CourseError."""
    return open_course(args.submissions, args.course, args.gradebook, args.records)


def open_course(
    submitted: Path | None, folder: Path | None, db_url: str | None, records: Path | None = None
) -> Course:
    """The course that `submitted` belongs to: its parent, unless `folder` says otherwise."""
    if submitted is not None and not submitted.is_dir():
        raise CourseError(
            f"There is no folder {submitted}; expected is nbgrader's layout "
            "SUBMISSIONS/STUDENT/LESSON/LESSON.ipynb."
        )
    if folder is None:
        if submitted is None:
            raise CourseError("Name the folder with the submissions, or the course with --course.")
        folder = submitted.resolve().parent
    folder = folder.resolve()
    if not folder.is_dir():
        raise CourseError(f"There is no course folder {folder}.")
    address = _absolute(db_url) if db_url else default_db_url(folder)
    kept = records.resolve() if records else folder / "records"
    return Course(folder, submitted or folder / "submitted", kept, address)


def default_db_url(course: Path) -> str:
    return f"sqlite:///{(course.resolve() / 'gradebook.db').as_posix()}"


def _absolute(db_url: str) -> str:
    """A relative sqlite file is meant from here; nbgrader changes the folder while it works.

    SQLite's own `file:` addresses, with options such as mode=ro, stay as they are.
    """
    scheme, _, path = db_url.partition("sqlite:///")
    if scheme or not path or path.startswith("file:") or Path(path).is_absolute():
        return db_url
    return f"sqlite:///{Path(path).resolve().as_posix()}"
