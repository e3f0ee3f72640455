"""The record of one graded submission: plain JSON, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from quantlab.base.atomic import replacing

SCHEMA = 2
#: Submissions with one of these have no score: the submission could not be judged.
UNSCORED = frozenset({"malformed", "missing", "grader_error"})


@dataclass(frozen=True)
class ExerciseResult:
    """One graded cell of a lesson.

    id          the exercise's, "1.2", or a quiz's.
    verdict     a `Verdict` as text: what happened, which is not a score.
    points      None while a person has to decide: a written answer, or a fault of the grader's own.
    cell        the grade id of the cell that carries the points, "check-1-2" or "written-1-10".
    kind        function, value, choice, written, plan or quiz.
    observed, next_step   the sentences of the judgement; they never hold the right answer.
    seed        of the cases that were asked; seconds: for how long, cells and questions together.
    chosen      the option of a choice, or None.
    flaky       asked the same again, it came out otherwise: a person decides on its points.
    """

    id: str
    verdict: str
    points: float | None
    max_points: float
    misconception: str | None = None
    pattern: str = ""
    observed: str = ""
    next_step: str = ""
    cell: str = ""
    kind: str = ""
    chosen: str | None = None
    seed: int | None = None
    seconds: float = 0.0
    flaky: bool = False


@dataclass(frozen=True)
class Record:
    """One submission, as graded. `score` is None when the submission could not be judged.

    verdict     graded, or what kept it from being graded wholly: timeout, out_of_memory,
                kernel_died, output_limit, malformed, missing, grader_error.
    reason      one sentence for a verdict other than graded, with what to do.
    score       the points given by code; an exercise whose points are None adds nothing to it.
    notes       sentences about the file, for its student too; `flags` are for the instructor alone.
    isolation   what the answers ran in: bubblewrap, container or none; "" where nothing ran.
    caps        what held their memory and processes: "cgroup v2", "watchdog", "container runtime".
    environment_sha256   of Python, the libraries and the lessons that judged.
    seed        of the batch; each exercise has its own, made from it and from the submission.
    cpu_seconds, peak_mib   of the student's side, all its processes together, of its first run.
    handed_in   the time in nbgrader's timestamp.txt, or None.
    """

    student: str
    lesson: str
    verdict: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    exercises: tuple[ExerciseResult, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    isolation: str = ""
    caps: str = ""
    submission_sha256: str = ""
    release_sha256: str = ""
    environment_sha256: str = ""
    seed: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    handed_in: str | None = None
    started_at: str = ""
    graded_at: str = ""
    versions: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA} | asdict(self) | {"versions": dict(self.versions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that `to_dict` was called on. ValueError for another schema; KeyError or
        TypeError for what is no record."""
        kept = dict(data)
        if kept.pop("schema") != SCHEMA:
            raise ValueError(f"The record's schema is {data['schema']!r}; expected is {SCHEMA}.")
        kept["exercises"] = tuple(ExerciseResult(**each) for each in kept["exercises"])
        kept["notes"], kept["flags"] = tuple(kept["notes"]), tuple(kept["flags"])
        kept["versions"] = tuple(sorted(kept["versions"].items()))
        return cls(**kept)

    def public(self) -> dict[str, Any]:
        """What `grade --json` prints: no seed and no hashes."""
        names = "student lesson verdict reason score max_score exercises notes flags isolation caps"
        whole = self.to_dict()
        shown = {name: whole[name] for name in names.split()}
        shown["exercises"] = [
            {key: value for key, value in each.items() if key != "seed"}
            for each in shown["exercises"]
        ]
        return shown


def record_path(records: Path, student: str, lesson: str) -> Path:
    return records / student / f"{lesson}.json"


def write_record(records: Path, record: Record) -> Path:
    """Write the record; a reader, or a crash, sees the old file or the new one."""
    path = record_path(records, record.student, record.lesson)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record.to_dict(), indent=1, ensure_ascii=False)
    with replacing(path) as temporary:
        temporary.chmod(0o600)  # seeds and hashes are nobody's business but the grader's
        temporary.write_text(f"{text}\n", encoding="utf-8")
    return path


def read_record(path: Path) -> Record | None:
    """The record in this file; None where there is none, or it is damaged or of another schema."""
    try:
        return Record.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_records(records: Path) -> tuple[Record, ...]:
    """Every readable record in a course's folder of records, by student and lesson."""
    found = (read_record(path) for path in sorted(records.glob("*/*.json")))
    return tuple(record for record in found if record is not None)
