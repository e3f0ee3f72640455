"""Puts a course folder in order before a grading: built, configured, and in the gradebook."""

from __future__ import annotations

import os

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory

from autograder.build import BuildError, build_course
from autograder.course_folder import Course, CourseError
from autograder.nbgrader.config import course_config, write_config_file
from autograder.programs import put_own_programs_on_path
from quantlab.learn.course import course_root


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


def _build(course: Course) -> None:
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
