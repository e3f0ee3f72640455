"""The record of one graded submission: plain JSON, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from quantlab.base.atomic import replacing

SCHEMA = 1
#: Submissions with one of these have no score: the submission could not be judged.
UNSCORED = frozenset({"malformed", "missing", "grader_error"})


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise: `points` is None while a person has to decide."""

    id: str
    verdict: str
    points: float | None
    max_points: float
    misconception: str | None = None


@dataclass(frozen=True)
class Record:
    """One submission, as graded. `score` is None when the submission could not be judged.

    verdict     graded, or what kept it from being graded wholly: timeout, kernel_died,
                output_limit, malformed, missing, grader_error.
    reason      one sentence for a verdict other than graded, with what to do.
    seed        of the hidden cases; `grade --seed` repeats them.
    """

    student: str
    lesson: str
    verdict: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    exercises: tuple[ExerciseResult, ...] = ()
    notes: tuple[str, ...] = ()
    submission_sha256: str = ""
    release_sha256: str = ""
    seed: int | None = None
    seconds: float = 0.0
    graded_at: str = ""
    versions: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA} | asdict(self) | {"versions": dict(self.versions)}

    def public(self) -> dict[str, Any]:
        """What `grade --json` prints: no seed and no hashes."""
        names = "student lesson verdict reason score max_score exercises notes"
        whole = self.to_dict()
        return {name: whole[name] for name in names.split()}


def record_path(course: Path, student: str, lesson: str) -> Path:
    return course / "records" / student / f"{lesson}.json"


def write_record(course: Path, record: Record) -> Path:
    """Write the record; a reader, or a crash, sees the old file or the new one."""
    path = record_path(course, record.student, record.lesson)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record.to_dict(), indent=1, ensure_ascii=False)
    with replacing(path) as temporary:
        temporary.chmod(0o600)  # seeds and hashes are nobody's business but the grader's
        temporary.write_text(f"{text}\n", encoding="utf-8")
    return path


def read_record(path: Path) -> Record | None:
    """The record in this file; None where there is none, or it is damaged or of another schema."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("schema") != SCHEMA:
            return None
        data["exercises"] = tuple(ExerciseResult(**each) for each in data["exercises"])
        data["notes"] = tuple(data["notes"])
        data["versions"] = tuple(sorted(data["versions"].items()))
        return Record(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_records(course: Path) -> tuple[Record, ...]:
    """Every readable record of a course, by student and lesson."""
    found = (read_record(path) for path in sorted((course / "records").glob("*/*.json")))
    return tuple(record for record in found if record is not None)
