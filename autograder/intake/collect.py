"""From a platform's download to nbgrader's folders: SUBMITTED/STUDENT/LESSON/LESSON.ipynb.

The times in a zip are the student's own word, and a file timestamp.txt in it is the student's too:
neither is used. A due date is held against the time that the instructor names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.intake.answer_names import answers_name
from autograder.intake.ingest import HANDED_IN, LARGEST_ANSWERS, LARGEST_NOTEBOOK
from autograder.intake.lms_names import Sender, sender_of, student_id
from autograder.intake.person import Person
from autograder.intake.student_ids import NO_STUDENTS, is_id
from autograder.intake.zip_files import BadZip, Entry, entries_of, opened, read
from quantlab.base.atomic import replacing

OLD_TIME = "The time of an earlier version was taken away; name the new one."
#: A student may hand in a zip of a notebook and its answers.
LARGEST_INNER_ZIP = 100_000_000


@dataclass(frozen=True)
class Collected:
    """What became of one sender's files: new, changed, the same, or refused with a reason.

    handed_in   the time that stands in timestamp.txt now; None where nobody named one.
    """

    student: str
    state: str
    note: str = ""
    in_roster: bool = True
    handed_in: str | None = None


@dataclass(frozen=True)
class HandedFile:
    """A file that counts: its name and bytes, or why it could not be read."""

    name: str
    data: bytes
    problem: str = ""


def collect(
    download: Path,
    lesson: str,
    submitted: Path,
    roster: Sequence[Person],
    times: Mapping[str, str] | None = None,
    handed_in: str | None = None,
) -> Iterator[Collected]:
    """Put the notebooks of a download where `grade` finds them, one sender after the other.

    times       when each was handed in, by id or by the platform's number (`read_times`).
    handed_in   when all others were.

    Raises BadZip where the download as a whole cannot be read, and OSError where `submitted` cannot
    be written; what is wrong with one sender's files is said in their `Collected`.
    """
    with opened(download, download.name) as whole:
        for sender, entries in sorted(_by_sender(whole).items(), key=lambda pair: pair[0].name):
            student, known = student_id(sender, roster)
            if not is_id(student):
                yield Collected(student[:60], "refused", "Its folder's name is no id.", known)
                continue
            files = [file for entry in entries for file in _files(whole, entry)]
            notebooks = [f for f in files if f.name.endswith(".ipynb") and not f.problem]
            notes = [file.problem for file in files if file.problem]
            if not notebooks:
                said = " ".join(notes) or "There is no notebook among its files."
                yield Collected(student, "refused", said, known)
                continue
            if len(notebooks) > 1:
                notes.append(f"Of {len(notebooks)} notebooks, {notebooks[-1].name} is taken.")
            if sender.late:
                notes.append("Handed in late, says Canvas.")
            answers = [f for f in files if answers_name(f.name) and not f.problem]
            folder, named = submitted / student / lesson, times or {}
            state = put_files(folder, lesson, notebooks[-1], answers)
            time = named.get(student, named.get(sender.user, handed_in))
            if _put_time(folder / HANDED_IN, time, state):
                notes.append(OLD_TIME)
            stands = _bytes(folder / HANDED_IN)
            kept = None if stands is None else stands.decode("utf-8", "replace")
            yield Collected(student, state, " ".join(notes), known, kept)


def _by_sender(whole) -> dict[Sender, list[Entry]]:  # type: ignore[no-untyped-def]
    """The files of each sender; of several versions the newest last."""
    found: dict[tuple[str, str, str], list[tuple[Sender, Entry]]] = {}
    for entry in entries_of(whole):
        sender = sender_of(entry.path) if entry.path.parts else None
        hidden = entry.path.name.startswith(".") or set(entry.path.parts) & NO_STUDENTS
        if sender is not None and not hidden:
            key = (sender.platform, sender.name, sender.user)
            found.setdefault(key, []).append((sender, entry))
    groups: dict[Sender, list[Entry]] = {}
    for pairs in found.values():
        pairs.sort(key=lambda pair: (pair[0].order, str(pair[1].path)))
        groups[pairs[-1][0]] = [entry for _, entry in pairs]
    return groups


def _files(whole, entry: Entry) -> Iterator[HandedFile]:  # type: ignore[no-untyped-def]
    """The notebook or answers in this entry; a zip in the zip is opened once."""
    name = entry.path.name
    try:
        if name.lower().endswith(".zip"):
            data = read(whole, entry, LARGEST_INNER_ZIP)
            with opened(io.BytesIO(data), name) as inner:
                for each in entries_of(inner):
                    if not each.path.name.lower().endswith(".zip") and _visible(each.path):
                        yield from _files(inner, each)
        elif name.endswith(".ipynb"):
            yield HandedFile(name, read(whole, entry, LARGEST_NOTEBOOK))
        elif answers_name(name):
            yield HandedFile(_own_name(name), read(whole, entry, LARGEST_ANSWERS))
    except BadZip as said:
        yield HandedFile(name, b"", str(said))


def _visible(path: PurePosixPath) -> bool:
    return not path.name.startswith(".") and not set(path.parts) & NO_STUDENTS


def _own_name(name: str) -> str:
    """The name of an answers file without what Canvas puts in front."""
    sender = sender_of(PurePosixPath(name))
    return name.split("_", 4 if sender and sender.late else 3)[-1] if sender else name


def put_files(
    folder: Path, lesson: str, notebook: HandedFile, answers: Sequence[HandedFile]
) -> str:
    """Write the files; "same" where all of them stood there already."""
    wanted = {f"{lesson}.ipynb": notebook.data} | {f.name: f.data for f in answers}
    there = {name: _bytes(folder / name) for name in wanted}
    if there == wanted:
        return "same"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in wanted.items():
        with replacing(folder / name) as fresh:
            fresh.write_bytes(data)
    return "new" if there[f"{lesson}.ipynb"] is None else "changed"


def _put_time(path: Path, time: str | None, state: str) -> bool:
    """Write the time. Without one, that of another version goes; True where it did."""
    if time is not None:
        if _bytes(path) != time.encode():
            with replacing(path) as fresh:
                fresh.write_text(time, encoding="utf-8")
        return False
    old = state == "changed" and path.exists()
    if old:
        path.unlink()
    return old


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None
