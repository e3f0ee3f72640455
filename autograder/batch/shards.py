"""One class on many machines without anything between them: each grades its share into a folder.

`grade --shard 2/5` takes every submission whose name falls to the second of five shares and writes
the results as files, without touching a gradebook; `merge` then keeps them all in one course.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course_folder import CourseError
from autograder.recording.keep import Result, same
from autograder.recording.record import Record
from quantlab.base.atomic import replacing

FOLDER = re.compile(r"(\d+)-of-(\d+)\Z")


@dataclass(frozen=True)
class Shard:
    """Share `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard in "2/5". ValueError with what is expected."""
        number, _, of = text.partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            raise ValueError(f"{text!r} is no shard; expected is I/N with I from 1 to N, as 2/5.")
        return cls(int(number), int(of))

    def __contains__(self, student: object) -> bool:
        """Whether this share has the student. All lessons of one student fall to one share."""
        digest = hashlib.sha256(str(student).encode()).digest()
        return int.from_bytes(digest[:8]) % self.of == self.number - 1

    @property
    def folder(self) -> str:
        return f"{self.number}-of-{self.of}"


class ShardKeeper:
    """Keeps results as files: FOLDER/STUDENT/LESSON.json, record and notebook together."""

    def __init__(self, folder: Path, environment: str = "") -> None:
        """With an `environment` only results of this one count as graded already."""
        self._folder = folder
        self._environment = environment

    def keep(self, result: Result) -> Record:
        """Write the result whole. Raises CourseError where the folder cannot be written."""
        path = self._path(result.record)
        whole = {"record": result.record.to_dict(), "notebook": result.notebook}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as fresh:
                fresh.chmod(0o600)
                fresh.write_text(json.dumps(whole), encoding="utf-8")
        except OSError as fault:
            raise CourseError(f"The shard's folder cannot be written: {fault}") from None
        return result.record

    def earlier(self, record: Record) -> Record | None:
        """The kept record of the same bytes against the same lesson."""
        path = self._path(record)
        found = read_result(path) if path.is_file() else None
        if found is None or self._environment not in ("", found.record.environment_sha256):
            return None
        return same(found.record, record)

    def _path(self, record: Record) -> Path:
        return self._folder / record.student / f"{record.lesson}.json"


def read_result(path: Path) -> Result | None:
    """The result in this file; None where it is damaged."""
    try:
        return Result.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def results_in(folders: Iterable[Path]) -> Iterator[tuple[Path, Result | None]]:
    """Every result file of these folders, in order."""
    for folder in folders:
        for path in sorted(folder.glob("*/*.json")):
            yield path, read_result(path)


def missing_shares(folders: Iterable[Path]) -> tuple[str, ...]:
    """The shares that are not among these folders, by their names: "2-of-5"."""
    found = [match for folder in folders if (match := FOLDER.fullmatch(folder.name))]
    there = {match.group(0) for match in found}
    counts = sorted({int(match.group(2)) for match in found})
    return tuple(
        name for of in counts for n in range(1, of + 1) if (name := f"{n}-of-{of}") not in there
    )
