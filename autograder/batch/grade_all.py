"""Grades a class: every submission becomes a task of an engine, and every outcome is kept at once.

Whatever one submission is, the next one is graded too; what was kept before a crash, a kill or
Ctrl-C is not graded again. Only a gradebook or a disk that refuses stops a batch.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import nbformat
from nbformat import NotebookNode

from autograder.batch.task import Engine, Outcome, Task
from autograder.course_folder import Course, CourseError
from autograder.intake.ingest import Found, Refused, find_submissions, read_submission
from autograder.intake.strays import find_strays
from autograder.intake.student_ids import is_id
from autograder.intake.transplant import with_note
from autograder.judging.cells import max_score_of
from autograder.judging.environment import versions
from autograder.recording.keep import Result
from autograder.recording.record import Record
from autograder.running.settings import Settings
from quantlab.teach.judging.verdict import Verdict


@dataclass(frozen=True)
class Options:
    """How to grade a class: the settings of each submission, and whether to grade again."""

    settings: Settings = field(default_factory=Settings)
    force: bool = False


@dataclass(frozen=True)
class Graded:
    """One submission of a batch: its record, and whether an earlier run had made it."""

    record: Record
    reused: bool = False


class Keeps(Protocol):
    """Where results stay: a course (`Keeper`), or the folder of one shard (`ShardKeeper`)."""

    def keep(self, result: Result) -> Record: ...

    def earlier(self, record: Record) -> Record | None: ...


def submissions_of(course: Course, lessons: frozenset[str] | None) -> tuple[Found, ...]:
    """Every submission of these lessons (all without a choice), the largest first: the last ones
    to run should be short."""
    found = find_submissions(course.submitted)
    chosen = (f for f in found if lessons is None or f.lesson in lessons)
    return tuple(sorted(chosen, key=_size, reverse=True))


def strays_of(course: Course, found: Iterable[Found]) -> tuple[Graded, ...]:
    """What lies in the folder and is no submission, each with its sentence; nothing is kept."""
    told = {one.student for one in found}
    return tuple(
        Graded(Record(stray.student, "", stray.verdict, stray.sentence, graded_at=_now()))
        for stray in find_strays(course.submitted)
        if stray.student not in told
    )


def grade_all(
    course: Course, found: Iterable[Found], options: Options, engine: Engine, keeper: Keeps
) -> Iterator[Graded]:
    """Grade and keep, yielding each submission as it is done.

    A KeyboardInterrupt passes through and ends what runs: every submission that was yielded is
    kept, and a second run starts with the others. Raises CourseError where nothing can be kept.
    """
    ready: deque[Graded] = deque()
    blanks: dict[tuple[str, str], Record] = {}

    def tasks() -> Iterator[Task]:
        for one in found:
            begun = _begin(course, one, options, keeper)
            if isinstance(begun, Graded):
                ready.append(begun)
            else:
                task, blanks[one.student, one.lesson] = begun
                yield task

    with closing(engine.run(tasks())) as outcomes:  # type: ignore[type-var]
        for outcome in outcomes:
            while ready:
                yield ready.popleft()
            blank = blanks.pop((outcome.task.student, outcome.task.lesson))
            yield Graded(_keep(course, _result(course, outcome, blank), blank, keeper))
    yield from ready


def _begin(
    course: Course, found: Found, options: Options, keeper: Keeps
) -> Graded | tuple[Task, Record]:
    """The task of one submission; or its record, where it is refused, or graded already."""
    blank = Record(found.student, found.lesson, "graded", graded_at=_now(), versions=versions())
    try:
        if found.lesson not in course.lessons() and _is_id(found):
            known = ", ".join(course.lessons())
            raise Refused(
                Verdict.MALFORMED,
                f"There is no lesson {found.lesson!r} in this course; it has {known}. "
                "Rename the folder.",
            )
        submission = read_submission(found)
        release = course.release_path(found.lesson).read_bytes()
        release_hash = hashlib.sha256(release).hexdigest()
    except Refused as refused:
        record = replace(blank, verdict=str(refused.verdict), reason=refused.sentence)
        return Graded(_kept(course, found, record, keeper))
    except Exception as fault:  # a fault of ours: said so, never a zero, and the batch goes on
        said = _our_fault(f"{type(fault).__name__}: {fault}")
        record = replace(blank, verdict=str(Verdict.GRADER_ERROR), reason=said)
        return Graded(_kept(course, found, record, keeper))
    blank = replace(
        blank,
        submission_sha256=submission.sha256,
        release_sha256=release_hash,
        notes=submission.notes,
        handed_in=submission.handed_in,
    )
    if not options.force and (earlier := keeper.earlier(blank)):
        return Graded(earlier, reused=True)
    data = submission.to_bytes()
    task = Task(found.student, found.lesson, data, release_hash, release, options.settings)
    return task, blank


def _result(course: Course, outcome: Outcome, blank: Record) -> Result:
    """What came back; or, where nothing did, an ungraded record that says why."""
    fault = outcome.fault
    if outcome.result is not None:
        try:
            return Result.parse(outcome.result)
        except ValueError as said:
            fault = str(said)
    record = replace(blank, verdict=str(Verdict.GRADER_ERROR), reason=_our_fault(fault))
    return _withheld(course, record)


def _keep(course: Course, result: Result, blank: Record, keeper: Keeps) -> Record:
    """Keep a result; one that cannot be written is a fault of ours and costs no other student."""
    try:
        return keeper.keep(result)
    except CourseError:
        raise
    except Exception as fault:
        said = _our_fault(f"{type(fault).__name__}: {fault}")
        record = replace(blank, verdict=str(Verdict.GRADER_ERROR), reason=said)
        return keeper.keep(_withheld(course, record))


def _kept(course: Course, found: Found, record: Record, keeper: Keeps) -> Record:
    """An ungraded submission still stands in the gradebook and in formgrader, for a person."""
    return keeper.keep(_withheld(course, record)) if _is_id(found) else record


def _withheld(course: Course, record: Record) -> Result:
    notebook = _released(course, record.lesson)
    if notebook is None:
        return Result(record, None)
    whole = replace(record, max_score=max_score_of(notebook))
    return Result(whole, with_note(notebook, record.reason))


def _released(course: Course, lesson: str) -> NotebookNode | None:
    path = course.release_path(lesson)
    if lesson not in course.lessons():
        return None
    return _parsed(path.read_bytes())


@lru_cache(maxsize=4)
def _parsed(data: bytes) -> NotebookNode:
    return nbformat.reads(data.decode("utf-8"), as_version=4)


def _size(found: Found) -> int:
    try:
        return (found.folder / f"{found.lesson}.ipynb").lstat().st_size
    except OSError:
        return 0


def _is_id(found: Found) -> bool:
    return is_id(found.student) and is_id(found.lesson)


def _our_fault(fault: str) -> str:
    text = " ".join(fault.split())[:300]
    return (
        f"The grader stopped: {text.rstrip('.')}. Run the command again; if it stays, grade this "
        "one by hand in formgrader."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
