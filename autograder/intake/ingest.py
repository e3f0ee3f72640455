"""Finds the submissions under a folder and reads them as a stranger's files: never a link, never a
device, never more than the cap, and never an exception for what a file holds.

The layout is nbgrader's: SUBMISSIONS/STUDENT/LESSON/LESSON.ipynb.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import warnings
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from autograder.intake.answer_names import answers_name
from autograder.intake.said import why_undecodable, why_unreadable
from autograder.intake.student_ids import EXPECTED, NO_STUDENTS, is_id
from quantlab.teach.judging.verdict import Verdict

LARGEST_NOTEBOOK = 50_000_000
LARGEST_ANSWERS = 64 * 1024
MOST_CELLS = 2_000
#: Brackets in a notebook's JSON, and cells before they are looked at one by one: a file of some
#: megabytes can hold millions of empty lists, which take minutes and gigabytes to look through.
MOST_BRACKETS = 1_000_000
MOST_CELLS_READ = 4 * MOST_CELLS
#: Never through a link, and never waiting for the other end of a pipe.
CAREFULLY = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
HANDED_IN = "timestamp.txt"
LARGEST_TIME = 100
#: Of files that are not used; a person reads their names.
MOST_NAMED = 10
#: Known to a student's own nbgrader and to whoever collects: by it, feedback finds its way back.
SECRET = "submission_secret.txt"
LARGEST_SECRET = 1_000


class Refused(Exception):
    """A submission that cannot be read: the verdict, and one sentence with what to do."""

    def __init__(self, verdict: Verdict, sentence: str) -> None:
        super().__init__(sentence)
        self.verdict = verdict
        self.sentence = sentence


@dataclass(frozen=True)
class Found:
    """One submission folder: who, which lesson, where."""

    student: str
    lesson: str
    folder: Path


@dataclass(frozen=True)
class Submission:
    """A submission as read: whose it is, the notebook's bytes, the quiz answers beside it.

    sha256      of the notebook, the answers and the time; not of the student's name.
    handed_in   when, as nbgrader's timestamp.txt says it; None where it says no time.
    """

    student: str
    lesson: str
    notebook: bytes
    answers: tuple[tuple[str, bytes], ...]
    sha256: str
    notes: tuple[str, ...] = ()
    handed_in: str | None = None

    def to_bytes(self) -> bytes:
        """The canonical form: the same submission gives the same bytes, on every machine."""
        whole = asdict(self)
        whole["notebook"] = b64encode(self.notebook).decode()
        whole["answers"] = [[name, b64encode(data).decode()] for name, data in self.answers]
        return json.dumps(whole, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The submission that `to_bytes` was called on."""
        whole = json.loads(data)
        whole["notebook"] = b64decode(whole["notebook"])
        whole["answers"] = tuple((name, b64decode(text)) for name, text in whole["answers"])
        whole["notes"] = tuple(whole["notes"])
        return cls(**whole)


def find_submissions(folder: Path) -> Iterator[Found]:
    """Every STUDENT/LESSON entry under `folder`, in order; hidden and plain files are left out."""
    for student in _entries(folder):
        if student.is_symlink() or not student.is_dir():
            if student.is_symlink():
                yield Found(student.name, "*", student)
            continue
        for lesson in _entries(student):
            if lesson.is_symlink() or lesson.is_dir():
                yield Found(student.name, lesson.name, lesson)


def read_submission(found: Found) -> Submission:
    """Read one submission. Raises Refused for everything that cannot be graded as it is."""
    for name in (found.student, found.lesson):
        if not is_id(name) and name != "*":
            raise Refused(
                Verdict.MALFORMED,
                f"The folder name {name[:60]!r} is no id; expected are {EXPECTED}. "
                "Rename the folder.",
            )
    if found.folder.is_symlink():
        raise Refused(
            Verdict.MALFORMED,
            "The submission's folder is a link, and links are never followed. "
            "Put the real folder in its place.",
        )
    path, notes = _notebook_in(found)
    notebook = _read_plain(path, LARGEST_NOTEBOOK)
    answers, left_out, renamed = _answers_in(found.folder)
    notes += renamed
    if left_out:
        more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
        notes += (f"Not used: {', '.join(left_out[:MOST_NAMED])}{more}.",)
    handed_in, odd = _handed_in(found.folder / HANDED_IN)
    beside = answers if handed_in is None else (*answers, (HANDED_IN, handed_in.encode()))
    digest = hashlib.sha256(notebook)
    for name, data in beside:
        digest.update(name.encode() + b"\0" + data)
    return Submission(
        found.student,
        found.lesson,
        notebook,
        answers,
        digest.hexdigest(),
        notes + odd,
        handed_in,
    )


def parse_notebook(data: bytes) -> NotebookNode:
    """The notebook in nbformat 4. Raises Refused with the reason in words a student can use."""
    again = "Please hand it in again, saved by JupyterLab."
    if not data.strip():
        raise Refused(Verdict.MALFORMED, f"The notebook file is empty. {again}")
    if data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise Refused(
            Verdict.MALFORMED,
            f"The file holds more than {MOST_BRACKETS:,} lists and objects, which no notebook "
            f"does. {again}",
        )
    if data.count(b'"cell_type"') > MOST_CELLS_READ:
        raise Refused(Verdict.MALFORMED, f"{_TOO_MANY} {again}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refused(
            Verdict.MALFORMED,
            f"{why_undecodable(data, fault)} {again}",
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbformat warns about ids that it repairs
            notebook = nbformat.reads(text, as_version=4)
        cells = notebook.cells
        usable = all(isinstance(c.source, str) and isinstance(c.metadata, dict) for c in cells)
    except (Exception, RecursionError) as fault:
        raise Refused(Verdict.MALFORMED, f"{why_unreadable(text, fault)} {again}") from None
    if not usable or len(cells) > MOST_CELLS:
        raise Refused(
            Verdict.MALFORMED,
            f"{_TOO_MANY} {again}",
        )
    return notebook


_TOO_MANY = f"The file is JSON, and no notebook of at most {MOST_CELLS} cells with text."


def _entries(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if not p.name.startswith(".") and p.name not in NO_STUDENTS
    )


def _notebook_in(found: Found) -> tuple[Path, tuple[str, ...]]:
    right = found.folder / f"{found.lesson}.ipynb"
    if os.path.lexists(right):
        return right, ()
    others = [p for p in _entries(found.folder) if p.suffix == ".ipynb"]
    if len(others) == 1:
        return others[0], (f"The notebook was named {others[0].name}; expected is {right.name}.",)
    there = ", ".join(p.name for p in others[:5]) or "no notebook"
    raise Refused(
        Verdict.MISSING,
        f"There is no {right.name}; the folder holds {there}. Please hand it in under its name.",
    )


def _answers_in(
    folder: Path,
) -> tuple[tuple[tuple[str, bytes], ...], list[str], tuple[str, ...]]:
    """Quiz answers that travel with a submission, each under the name that its quiz gave it; every
    other file stays behind and is named. Of two changed names of one file, neither is taken."""
    answers, left_out, notes = {}, [], []
    files = [p for p in _entries(folder) if p.suffix != ".ipynb"]
    files = [p for p in files if p.name not in (HANDED_IN, SECRET)]
    meant = [answers_name(p.name) for p in files]
    for path, name in zip(files, meant, strict=True):
        try:
            if name is None or (name != path.name and meant.count(name) > 1):
                raise Refused(Verdict.MALFORMED, "not an answers file, or one of two")
            answers[name] = _read_plain(path, LARGEST_ANSWERS)
            if name != path.name:
                notes.append(f"The answers were named {path.name[:60]}; expected is {name}.")
        except Refused:
            left_out.append(path.name[:60])
    return tuple(answers.items()), left_out, tuple(notes)


def _handed_in(path: Path) -> tuple[str | None, tuple[str, ...]]:
    """The time in nbgrader's file, and a note where the file holds none."""
    if not os.path.lexists(path):
        return None, ()
    try:
        text = _read_plain(path, LARGEST_TIME).decode("utf-8-sig").strip()
        if not text:
            raise ValueError("empty")
        parse_utc(text)
    except (Refused, ValueError, OverflowError, TypeError):
        return None, (f"{HANDED_IN} holds no time, so no due date is held against it.",)
    return text, ()


def _read_plain(path: Path, largest: int) -> bytes:
    """The bytes of a regular file; a link, a pipe, a device or a giant is refused unread."""
    return read_plain(path, largest)[0]


def read_plain(path: Path, largest: int, folder: int | None = None) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file and what the system says of it. Raises Refused.

    folder  an open folder that `path` is in: whoever owns it cannot put another in its place.
    """
    try:
        found = os.stat(path, dir_fd=folder, follow_symlinks=False)
        _refuse_unless_regular(path, found.st_mode)
        with os.fdopen(os.open(path, CAREFULLY, dir_fd=folder), "rb") as file:
            # Looked at again: the file may have been exchanged in between.
            found = os.fstat(file.fileno())
            _refuse_unless_regular(path, found.st_mode)
            data = file.read(largest + 1)
    except OSError as fault:
        raise Refused(
            Verdict.MALFORMED, f"{path.name} cannot be read ({fault.strerror}). Check its rights."
        ) from None
    if len(data) > largest:
        raise Refused(
            Verdict.MALFORMED,
            f"{path.name} is larger than {largest // 1_000_000 or largest / 1_000_000:g} MB. "
            "Please hand it in with its outputs cleared.",
        )
    return data, found


def _refuse_unless_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "no ordinary file"
        raise Refused(
            Verdict.MALFORMED,
            f"{path.name} is {kind}; expected is the file itself. Links are never followed.",
        )
