"""A course folder: where nbgrader's steps lie, and the lessons that stand in its gradebook."""

from __future__ import annotations

import argparse
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory

from autograder.nbgrader.config import course_config, default_db_url, write_config_file
from autograder.programs import put_own_programs_on_path


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


def _absolute(db_url: str) -> str:
    """A relative sqlite file is meant from here; nbgrader changes the folder while it works.

    SQLite's own `file:` addresses, with options such as mode=ro, stay as they are.
    """
    scheme, _, path = db_url.partition("sqlite:///")
    if scheme or not path or path.startswith("file:") or Path(path).is_absolute():
        return db_url
    return f"sqlite:///{Path(path).resolve().as_posix()}"


def prepare(course: Course, wanted: set[str]) -> None:
    """Put nbgrader_config.py, source/, release/ and the gradebook's entries in place.

    Builds the lessons from the project where source/ is empty. Raises CourseError.
    """
    put_own_programs_on_path()
    write_config_file(course.folder, course.db_url, course.submitted)
    sources = {path.stem for path in (course.folder / "source").glob("*/*.ipynb")}
    if not sources:
        _build(course)
        sources = set(course.lessons())
    with _gradebook(course) as gradebook:
        missing = [
            lesson
            for lesson in sorted(sources & wanted)
            if not _known(gradebook, lesson) or not course.release_path(lesson).is_file()
        ]
    for lesson in missing:
        _generate(course, lesson)


def load_release(course: Course, lesson: str) -> tuple[NotebookNode, str]:
    """The released notebook of a lesson, and the sha256 of its file."""
    data = course.release_path(lesson).read_bytes()
    return nbformat.reads(data.decode("utf-8"), as_version=4), hashlib.sha256(data).hexdigest()


def _build(course: Course) -> None:
    from autograder.build import BuildError, build_course
    from quantlab.learn.course import course_root

    try:
        build_course(course_root(), course.folder, course.db_url)
    except (BuildError, FileNotFoundError) as said:
        raise CourseError(
            f"{course.folder} has no lessons in source/, and they could not be built: {said}"
        ) from None


def _gradebook(course: Course) -> Gradebook:
    try:
        return Gradebook(course.db_url)
    except Exception as fault:  # sqlalchemy's and alembic's errors have no common ground
        said = str(getattr(fault, "orig", fault)).splitlines()
        raise CourseError(
            f"The gradebook {course.db_url} cannot be opened ({' '.join(said[:1])}). "
            "Check the address, or run `nbgrader db upgrade` in the course folder after a backup."
        ) from fault


def _known(gradebook: Gradebook, lesson: str) -> bool:
    try:
        gradebook.find_notebook(lesson, lesson)
    except MissingEntry:
        return False
    return True


def _generate(course: Course, lesson: str) -> None:
    """nbgrader's generate_assignment: the released notebook, and the gradebook's entry."""
    config = course_config(course.folder, course.db_url)
    directory = CourseDirectory(config=config)
    directory.assignment_id = lesson
    app = GenerateAssignment(coursedir=directory, config=config)
    app.force = app.create_assignment = True
    here = os.getcwd()
    try:
        app.start()
    except Exception as fault:
        raise CourseError(f"nbgrader refused the lesson {lesson}: {fault}") from fault
    finally:
        os.chdir(here)
