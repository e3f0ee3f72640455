"""From the result of one submission to what stays: gradebook, notebook, record, in this order.

The record is written last, so its file says that all is done. A batch that was killed in between
finds no record and stores the same result again, which changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course_folder import Course, CourseError
from autograder.recording.record import Record, read_record, record_path, write_record
from autograder.recording.rubrics import with_rubrics
from autograder.recording.store import Store, changed_texts
from quantlab.base.atomic import replacing


@dataclass(frozen=True)
class Result:
    """What `grade_one` gave: the record, and the notebook that people are shown.

    Without a notebook the lesson is none of the course's: only the record is kept.
    """

    record: Record
    notebook: NotebookNode | None

    @classmethod
    def parse(cls, text: str) -> Result:
        """The result in this JSON. ValueError where there is none in it."""
        try:
            whole = json.loads(text)
            notebook = whole["notebook"] and nbformat.from_dict(whole["notebook"])
            return cls(Record.from_dict(whole["record"]), notebook)
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"This is no result of a grading ({type(fault).__name__}).") from None


class Keeper:
    """Keeps results in a course: the one place that writes what a grading leaves."""

    def __init__(self, course: Course, store: Store) -> None:
        self._course = course
        self._store = store

    def keep(self, result: Result) -> Record:
        """Store the result and return its record, with what the gradebook adds to its notes.

        Raises GradebookError, or CourseError where the course folder cannot be written.
        """
        record = result.record
        path = self._course.autograded_path(record.student, record.lesson)
        if result.notebook is not None:
            stored = self._store.put(record, changed_texts(_read(path), result.notebook))
            record = replace(record, notes=(*record.notes, *stored.notes))
        try:
            if result.notebook is not None:
                _write(with_rubrics(result.notebook), path)
            write_record(self._course.records, record)
        except OSError as fault:
            raise CourseError(
                f"The course folder cannot be written ({fault.strerror or fault}). Free some "
                "space, or check your rights; then run the same command again."
            ) from None
        return record

    def earlier(self, record: Record) -> Record | None:
        """The kept record of the same bytes against the same lesson, if it can stand."""
        path = record_path(self._course.records, record.student, record.lesson)
        found = same(read_record(path), record)
        there = self._course.autograded_path(record.student, record.lesson).is_file()
        if found is None or not there:
            return None
        return found if self._store.standing(record.student, record.lesson) else None


def same(found: Record | None, record: Record) -> Record | None:
    """`found` if it is of the submission and the release that `record` names, and no fault."""
    if found is None or found.verdict == "grader_error":
        return None
    alike = (found.submission_sha256, found.release_sha256) == (
        record.submission_sha256,
        record.release_sha256,
    )
    return found if alike and found.submission_sha256 else None


def _write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as fresh:
        fresh.write_text(f"{nbformat.writes(notebook)}\n", encoding="utf-8", newline="\n")


def _read(path: Path) -> NotebookNode | None:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return None
