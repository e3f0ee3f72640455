"""`autograder feedback`: one HTML page for each submission, safe to hand out."""

from __future__ import annotations

import argparse
import html
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from autograder.course_folder import Course, CourseError, add_place_arguments, course_of
from autograder.intake.ingest import (
    HANDED_IN,
    LARGEST_SECRET,
    LARGEST_TIME,
    SECRET,
    read_plain,
)
from autograder.nbgrader.config import course_config
from autograder.nbgrader.tidy_checks import load_nothing, name_exercises
from autograder.programs import put_own_programs_on_path
from autograder.publishing.page_style import SMALL, dress, style_of_a_page
from autograder.publishing.sanitize import Redactor
from autograder.recording.record import Record, read_records
from quantlab.teach.judging.card import Card

EPILOG = """\
pages: COURSE/feedback/STUDENT/LESSON/LESSON.html, by nbgrader: verdict, likely cause and next step
of each exercise. Hidden cases, the seed, rubrics, scripts and this machine's folders are taken out,
and a page loads nothing. A submission that could not be read gets a page that says why.

exit codes: 0 a page for every submission · 1 some pages could not be
            written (listed), or nothing is graded yet · 2 wrong use

example:
  autograder feedback course/submitted
"""

#: A seed chosen by hand may be as short as "7", which every page contains: only long ones hide.
SHORTEST_SECRET_SEED = 6

#: In nbgrader's page: where the list of exercises begins.
CONTENTS = '<div id="toc">'

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{lesson}</title>
{style}
</head>
<body>
<h1>{lesson}</h1>
{card}
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """One feedback page: where it lies, or why there is none."""

    student: str
    lesson: str
    path: Path | None
    problem: str = ""

    def to_dict(self) -> dict[str, str | None]:
        return vars(self) | {"path": str(self.path) if self.path else None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, nargs="?", metavar="SUBMISSIONS")
    add_place_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    try:
        course = course_of(args)
    except CourseError as said:
        print(f"autograder feedback: {said}", file=sys.stderr)
        return 2
    put_own_programs_on_path()
    pages = list(write_pages(course))
    if args.json:
        print(json.dumps({"pages": [page.to_dict() for page in pages]}, indent=1))
    elif not pages:
        print(f"Nothing is graded in {course.folder} yet. Run `autograder grade` first.")
    else:
        for page in pages:
            print(page.path if page.path else f"{page.student} / {page.lesson}: {page.problem}")
    return 0 if pages and all(page.path for page in pages) else 1


def write_pages(course: Course) -> Iterator[Page]:
    """Write the page of every record, one after the other; a failure is a `Page` with a problem."""
    for record in read_records(course.records):
        try:
            path = write_page(course, record)
        except Exception as fault:  # one page that fails must not cost the others theirs
            yield Page(record.student, record.lesson, None, f"{type(fault).__name__}: {fault}")
        else:
            yield Page(record.student, record.lesson, path)


def write_page(course: Course, record: Record) -> Path:
    """Write one submission's page and return its path. Raises what nbgrader raises."""
    path = _write_page(course, record)
    _address(course.submitted / record.student / record.lesson, path.parent)
    return path


def _address(submission: Path, page: Path) -> None:
    """Beside the page: what `nbgrader release_feedback` needs to send it back by the exchange."""
    for name, largest in ((HANDED_IN, LARGEST_TIME), (SECRET, LARGEST_SECRET)):
        if (submission / name).is_file():
            (page / name).write_bytes(read_plain(submission / name, largest)[0])


def _write_page(course: Course, record: Record) -> Path:
    path = course.feedback_path(record.student, record.lesson)
    if record.score is None:
        _replace(path, _small_page(record))
        return path
    config = course_config(course.folder, course.db_url)
    config.HTMLExporter.template_name = "feedback"
    directory = CourseDirectory(config=config)
    directory.assignment_id, directory.student_id = record.lesson, record.student
    app = GenerateFeedback(coursedir=directory, config=config)
    app.force = True
    app.log.setLevel(logging.CRITICAL)
    here = os.getcwd()
    try:
        app.start()
    finally:
        os.chdir(here)
    page = dress(load_nothing(name_exercises(path.read_text(encoding="utf-8"))))
    _replace(path, redactor(course, record)(_with_notes(page, record.notes)))
    return path


def _with_notes(page: str, notes: Sequence[str]) -> str:
    """The page with what was odd about the submission above its list of exercises."""
    if not notes:
        return page
    card = Card("About what you handed in", tuple(("", note) for note in notes))
    return page.replace(CONTENTS, f"{card.to_html()}\n{CONTENTS}", 1)


def redactor(course: Course, record: Record) -> Redactor:
    """Takes the seed of the hidden cases and the folders of this machine out of a page."""
    import quantlab

    project = Path(quantlab.__file__).resolve().parents[1]
    folders = {
        str(folder): "…"
        for folder in (course.folder, project, sys.prefix, sys.base_prefix, tempfile.gettempdir())
    }
    secrets = folders | {str(Path.home()): "~"}
    if record.seed is not None and len(str(record.seed)) >= SHORTEST_SECRET_SEED:
        secrets[str(record.seed)] = "…"
    return Redactor(secrets)


def _small_page(record: Record) -> str:
    lines = (("", record.reason), ("Next", "Nothing is counted yet. Talk to your instructor."))
    card = Card("This submission could not be graded", lines)
    shown = html.escape(record.lesson)
    return PAGE.format(lesson=shown, style=style_of_a_page(SMALL), card=card.to_html())


def _replace(path: Path, text: str) -> None:
    """Write the page whole: a reader sees the old page or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(path)
