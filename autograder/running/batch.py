"""Grades submissions one by one; whatever one of them is, the next one is graded too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import nbformat
from nbformat import NotebookNode

from autograder.authoring.instructor import write_notebook
from autograder.course_folder import Course, load_release
from autograder.intake.ingest import (
    Found,
    Refused,
    Submission,
    find_submissions,
    read_submission,
)
from autograder.intake.student_ids import is_id
from autograder.intake.transplant import with_note
from autograder.judging.cells import max_score_of
from autograder.judging.environment import versions
from autograder.judging.grade_one import grade_one as judge_one
from autograder.judging.grade_one import parse_graded
from autograder.judging.settings import Settings
from autograder.nbgrader.config import course_config
from autograder.recording.gradebook import standing
from autograder.recording.late import penalty_of
from autograder.recording.record import Record, read_record, record_path, write_record
from autograder.recording.store import Store, changed_texts
from autograder.running.sandbox import NoSandbox
from quantlab.teach.judging.verdict import Verdict


@dataclass(frozen=True)
class Options:
    """How to grade: the hidden seed, the budgets in seconds, and whether to grade again."""

    seed: int
    cell_seconds: int
    submission_seconds: int
    force: bool = False
    isolation: str = "bubblewrap"


@dataclass(frozen=True)
class Graded:
    """One submission of a batch: its record, and whether an earlier run had made it."""

    record: Record
    reused: bool = False


def submissions_of(course: Course, lessons: frozenset[str] | None) -> tuple[Found, ...]:
    """Every submission of these lessons (all without a choice) in the course's folder."""
    found = find_submissions(course.submitted)
    return tuple(f for f in found if lessons is None or f.lesson in lessons)


def grade_all(course: Course, found: tuple[Found, ...], options: Options) -> Iterator[Graded]:
    """Grade in order, yielding each as it is done. A KeyboardInterrupt passes through: every
    submission that was yielded is recorded, and a second run starts with the one that was not."""
    for one in found:
        yield grade_one(course, one, options)


def grade_one(course: Course, found: Found, options: Options) -> Graded:
    """The record of one submission. Never raises for anything a submission is or does."""
    blank = Record(found.student, found.lesson, "graded", graded_at=_now(), versions=versions())
    try:
        if found.lesson != "*" and found.lesson not in course.lessons() and _is_id(found):
            known = ", ".join(course.lessons())
            raise Refused(
                Verdict.MALFORMED,
                f"There is no lesson {found.lesson!r} in this course; it has {known}. "
                "Rename the folder.",
            )
        submission = read_submission(found)
        blank = replace(
            blank,
            submission_sha256=submission.sha256,
            release_sha256=load_release(course, found.lesson)[1],
            notes=submission.notes,
        )
        if not options.force and (earlier := _earlier(course, blank)):
            return Graded(earlier, reused=True)
        record, notebook = _run(course, submission, blank, options)
        record = _stored(course, record, notebook)
    except NoSandbox:
        raise
    except Refused as refused:
        record = replace(blank, verdict=str(refused.verdict), reason=refused.sentence)
        record = _withheld(course, record)
    except Exception as fault:  # a fault of ours: said so, never a zero, and the batch goes on
        record = replace(blank, verdict=str(Verdict.GRADER_ERROR), reason=_our_fault(fault))
        record = _withheld(course, record)
    if _is_id(found):
        write_record(course.folder, record)
    return Graded(record)


def _earlier(course: Course, blank: Record) -> Record | None:
    """The record of the same bytes against the same lesson, if it can stand."""
    record = read_record(record_path(course.folder, blank.student, blank.lesson))
    if record is None or record.verdict == Verdict.GRADER_ERROR:
        return None
    same = (record.submission_sha256, record.release_sha256) == (
        blank.submission_sha256,
        blank.release_sha256,
    )
    there = course.autograded_path(blank.student, blank.lesson).is_file()
    now = standing(course.db_url, blank.student, blank.lesson) if same and there else None
    return record if now is not None else None


def _run(
    course: Course, submission: Submission, blank: Record, options: Options
) -> tuple[Record, NotebookNode]:
    """Grade one submission, and put its record and its notebook where they belong."""
    release = course.release_path(blank.lesson).read_bytes()
    settings = replace(
        Settings(),
        seed=options.seed,
        cell_seconds=options.cell_seconds,
        submission_seconds=options.submission_seconds,
        isolation=options.isolation,
    )
    graded = judge_one(
        submission.to_bytes(), blank.release_sha256, release=release, settings=settings
    )
    return parse_graded(graded)


def _stored(course: Course, record: Record, notebook: NotebookNode) -> Record:
    """The record as the gradebook has it: with what a person should look at, and lateness."""
    path = course.autograded_path(record.student, record.lesson)
    before = nbformat.read(path, as_version=4) if path.is_file() else None
    late = penalty_of(course_config(course.folder, course.db_url))
    with Store(course.db_url, late) as store:
        stored = store.put(record, changed_texts(before, notebook))
    shutil.rmtree(path.parent, ignore_errors=True)
    write_notebook(notebook, path)
    return replace(record, notes=record.notes + stored.notes)


def _withheld(course: Course, record: Record) -> Record:
    """An ungraded submission still stands in the gradebook and in formgrader, for a person."""
    if not course.release_path(record.lesson).is_file() or not is_id(record.student):
        return record
    try:
        release, _ = load_release(course, record.lesson)
        record = replace(record, max_score=max_score_of(release))
        return _stored(course, record, with_note(release, record.reason))
    except Exception as fault:
        return replace(
            record, notes=(*record.notes, f"Not in the gradebook: {type(fault).__name__}: {fault}")
        )


def _is_id(found: Found) -> bool:
    return is_id(found.student) and is_id(found.lesson)


def _our_fault(fault: Exception) -> str:
    text = " ".join(str(fault).split())[:300]
    return (
        f"The grader stopped with {type(fault).__name__}: {text}. Run the command again; "
        "if it stays, grade this one by hand in formgrader."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
