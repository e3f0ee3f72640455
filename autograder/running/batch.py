"""Grades submissions one by one; whatever one of them is, the next one is graded too."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import nbformat

from autograder.authoring.instructor import write_notebook
from autograder.course_folder import Course, load_release
from autograder.intake.ingest import (
    HANDED_IN,
    Found,
    Refused,
    Submission,
    find_submissions,
    parse_notebook,
    read_submission,
)
from autograder.intake.student_ids import is_id
from autograder.intake.transplant import transplant, with_note
from autograder.recording.gradebook import Standing, standing
from autograder.recording.record import Record, read_record, record_path, write_record
from autograder.recording.results import max_score_of, results_of
from autograder.recording.store import Store
from autograder.running.runner import Job, Runner
from quantlab.teach.judging.verdict import Verdict


@dataclass(frozen=True)
class Options:
    """How to grade: the hidden seed, the budgets in seconds, and whether to grade again."""

    seed: int
    cell_seconds: int
    submission_seconds: int
    force: bool = False


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
    with Runner() as runner:
        for one in found:
            yield grade_one(course, one, options, runner)


def grade_one(course: Course, found: Found, options: Options, runner: Runner) -> Graded:
    """The record of one submission. Never raises for anything a submission is or does."""
    blank = Record(found.student, found.lesson, "graded", graded_at=_now(), versions=_versions())
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
        record = _run(course, submission, blank, options, runner)
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
    course: Course, submission: Submission, blank: Record, options: Options, runner: Runner
) -> Record:
    """Stage the submission in the released notebook, run it, read what came out."""
    release, _ = load_release(course, blank.lesson)
    planted = transplant(release, parse_notebook(submission.notebook))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="quantlab-staged-") as folder:
        staged = Path(folder) / blank.student / blank.lesson
        write_notebook(planted.notebook, staged / f"{blank.lesson}.ipynb")
        for name, data in submission.answers:
            (staged / name).write_bytes(data)
        if submission.handed_in is not None:
            (staged / HANDED_IN).write_text(submission.handed_in, encoding="utf-8")
        ran = runner.run(
            Job(
                course=str(course.folder),
                db_url=course.db_url,
                student=blank.student,
                lesson=blank.lesson,
                staged=folder,
                seed=options.seed,
                cell_seconds=options.cell_seconds,
                submission_seconds=options.submission_seconds,
            )
        )
    record = replace(
        blank,
        seed=options.seed,
        seconds=round(time.perf_counter() - started, 2),
        notes=blank.notes + planted.notes,
    )
    if ran.outcome == "timeout":
        said = f"It ran longer than {options.submission_seconds} s and could not be interrupted."
        raise Refused(Verdict.TIMEOUT, f"{said} Look for an endless loop in its code.")
    if ran.outcome == "failed":
        raise RuntimeError(f"{ran.error} {ran.log[-500:]}".strip())
    return _read_results(course, record, max_score_of(release))


def _read_results(course: Course, record: Record, most: float) -> Record:
    now = standing(course.db_url, record.student, record.lesson)
    if now is None:
        raise RuntimeError("nbgrader ended without an entry in the gradebook.")
    path = course.autograded_path(record.student, record.lesson)
    results = results_of(nbformat.read(path, as_version=4), now.points)
    return replace(
        record,
        verdict=results.verdict,
        reason=results.reason,
        score=now.score,
        max_score=most,
        exercises=results.exercises,
        notes=record.notes + _lateness(now),
    )


def _lateness(now: Standing) -> tuple[str, ...]:
    if now.late_seconds <= 0:
        return ()
    late, penalty = now.late_seconds / 3600, now.late_penalty
    return (f"Handed in {late:,.1f} hours late: the penalty is {penalty:g} of its points.",)


def _withheld(course: Course, record: Record) -> Record:
    """An ungraded submission still stands in the gradebook and in formgrader, for a person."""
    if not course.release_path(record.lesson).is_file() or not is_id(record.student):
        return record
    try:
        release, _ = load_release(course, record.lesson)
        with Store(course.db_url) as store:
            store.put(record)
        path = course.autograded_path(record.student, record.lesson)
        shutil.rmtree(path.parent, ignore_errors=True)
        write_notebook(with_note(release, record.reason), path)
        return replace(record, max_score=max_score_of(release))
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


def _versions() -> tuple[tuple[str, str], ...]:
    named = {"python": platform.python_version(), "machine": platform.machine() or os.name}
    return tuple(sorted((named | {p: version(p) for p in ("quantlab", "nbgrader")}).items()))
