"""Grades one case with this grader and holds what came out against what is expected."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from autograder.attacks.case import Case
from autograder.attacks.field import Field
from autograder.attacks.handing_in import hand_in, release_of
from autograder.intake.ingest import Found, Refused, read_submission
from autograder.judging.grade_one import grade_one
from autograder.recording.record import Record
from autograder.running.settings import Settings

#: Small budgets, so that what never ends is soon over; an honest cell of the suite needs far less.
SETTINGS = Settings(cell_seconds=4, submission_seconds=60, memory_mib=1024, processes=64)


@dataclass(frozen=True)
class Tried:
    """What became of a case: problems is empty where all is as expected."""

    name: str
    group: str
    number: int
    says: str
    problems: tuple[str, ...]
    score: float | None
    verdict: str
    seconds: float

    @property
    def as_expected(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"as_expected": self.as_expected}


def try_all(
    cases: Iterable[Case], isolation: str, seed: int, workers: int
) -> Iterator[tuple[Case, Tried]]:
    """Try every case, some at a time, each in a process of the pool; in the cases' order."""
    cases = list(cases)
    settings = replace(SETTINGS, isolation=isolation, seed=seed)
    with ProcessPoolExecutor(max_workers=workers) as pool:
        waiting = [pool.submit(try_one, case, settings) for case in cases]
        for case, future in zip(cases, waiting, strict=True):
            yield case, future.result()


def try_one(case: Case, settings: Settings) -> Tried:
    """Grade one case in a field of its own."""
    started = time.perf_counter()
    settings = replace(settings, **case.settings)
    with Field() as field:
        found = hand_in(case, field, field.root / "submitted")
        text = _graded(found, release_of(case.lesson), settings)
        record = Record.from_dict(json.loads(text)["record"])
        problems = _against(case, record) + field.problems(case, _shown(text))
    seconds = round(time.perf_counter() - started, 2)
    return Tried(
        case.name,
        case.group,
        case.number,
        case.says,
        tuple(problems),
        record.score,
        record.verdict,
        seconds,
    )


def _graded(found: Found, release: bytes, settings: Settings) -> str:
    try:
        submission = read_submission(found)
    except Refused as refused:
        record = Record(found.student, found.lesson, str(refused.verdict), refused.sentence)
        return json.dumps({"record": record.to_dict(), "notebook": {"cells": []}})
    hash = hashlib.sha256(release).hexdigest()
    return grade_one(submission.to_bytes(), hash, release=release, settings=settings)


def _shown(text: str) -> str:
    """All that leaves the grading but the student's own text: the record and every output."""
    whole = json.loads(text)
    outputs = [cell.get("outputs", []) for cell in whole["notebook"]["cells"]]
    return json.dumps([whole["record"], outputs], ensure_ascii=False)


def _against(case: Case, record: Record) -> list[str]:
    expected = case.expected
    problems = []
    if record.score != expected.score:
        lost = [f"{e.id} {e.verdict} {e.points}" for e in record.exercises]
        problems.append(f"score {record.score}, expected {expected.score} ({', '.join(lost)})")
    verdicts = expected.verdicts or (("graded",) if expected.score is not None else ())
    if verdicts and "any" not in verdicts and record.verdict not in verdicts:
        problems.append(f"verdict {record.verdict}, expected {' or '.join(verdicts)}")
    told = {
        "reason": (expected.reason, (record.reason,)),
        "note": (expected.note, record.notes),
        "flag": (expected.flag, record.flags),
    }
    for what, (words, texts) in told.items():
        if words and not any(words in text for text in texts):
            problems.append(f"no {what} says {words!r}: {texts}")
    if case.expected.score is None and not record.reason.endswith("."):
        problems.append("no sentence says why")
    return problems
