"""From the inbound folder of nbgrader's exchange to nbgrader's folders, trusting nobody's word.

In that folder everybody may make folders, and a folder's name says whose submission it is. nbgrader
takes that word, with a warning, and follows links with the instructor's rights: a link to a file of
the instructor's becomes a copy of it. Here a folder counts for the account that owns it, each file
in it must be that account's own, and no link is followed.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.intake.answer_names import answers_name
from autograder.intake.collect import Collected, HandedFile, put_files
from autograder.intake.ingest import (
    HANDED_IN,
    LARGEST_ANSWERS,
    LARGEST_NOTEBOOK,
    LARGEST_SECRET,
    LARGEST_TIME,
    SECRET,
    Refused,
    read_plain,
)
from autograder.intake.person import Person
from autograder.intake.student_ids import is_id
from quantlab.teach.judging.verdict import Verdict

#: A student's own program writes the time of handing in. The disk notes each file's last change,
#: and nobody but root can set that back. Between the two lie seconds of copying and what the clocks
#: of two machines differ by; what lies further apart was changed later.
SAME_TIME_SECONDS = 300


@dataclass(frozen=True)
class _Handed:
    """What counts of one folder: the notebook first, its last change, what is to be said."""

    files: tuple[HandedFile, ...]
    changed: float
    note: str


def collect_exchange(
    inbound: Path, lesson: str, submitted: Path, roster: Sequence[Person]
) -> Iterator[Collected]:
    """Put each student's newest submission of a lesson where `grade` finds it.

    inbound  EXCHANGE/COURSE/inbound, with folders STUDENT+LESSON+TIME+RANDOM.

    Raises OSError where `inbound` cannot be listed or `submitted` cannot be written; what is wrong
    with one folder is said in its `Collected`.
    """
    known = {person.id for person in roster}
    newest: dict[str, _Handed] = {}
    for folder in sorted(inbound.iterdir()):
        student, of_lesson, _ = folder.name.rpartition(f"+{lesson}+")
        if not of_lesson:
            continue
        try:
            handed = _read(folder, student, lesson)
        except Refused as said:
            yield Collected(student[:60], "refused", said.sentence, student in known)
            continue
        if student not in newest or handed.changed > newest[student].changed:
            newest[student] = handed
    for student, handed in sorted(newest.items()):
        notebook, *beside = handed.files
        state = put_files(submitted / student / lesson, lesson, notebook, beside)
        time = handed.files[-1].data.decode("utf-8", "replace")
        yield Collected(student, state, handed.note, student in known, time)


def _read(folder: Path, student: str, lesson: str) -> _Handed:
    if not is_id(student):
        raise _refused("Its folder's name is no id.")
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as fault:
        raise _refused(f"{folder.name} is no folder to read ({fault.strerror}).") from None
    try:
        owner = os.fstat(opened).st_uid
        if _account(owner) != student:
            raise _refused(f"{folder.name} is owned by {_account(owner)}. Talk to both of them.")
        return _handed(opened, owner, lesson)
    finally:
        os.close(opened)


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _handed(folder: int, owner: int, lesson: str) -> _Handed:
    """The notebook, answers and time in an open folder. Raises Refused where there is no notebook.

    The time is the student's own word; it stays where the disk agrees with it.
    """
    there, wanted = sorted(os.listdir(folder)), f"{lesson}.ipynb"
    if wanted not in there:
        held = ", ".join(there[:5]) or "nothing"
        raise _refused(f"There is no {wanted}; the folder holds {held}.")
    notebook, changed = _own(folder, owner, wanted, LARGEST_NOTEBOOK)
    files, notes, said = [HandedFile(wanted, notebook)], [], ""
    for name in there:
        try:
            if name == HANDED_IN:
                said = _own(folder, owner, name, LARGEST_TIME)[0].decode(errors="replace")
            elif name == SECRET:
                files.append(HandedFile(name, _own(folder, owner, name, LARGEST_SECRET)[0]))
            elif answers_name(name):
                data, at = _own(folder, owner, name, LARGEST_ANSWERS)
                files.append(HandedFile(name, data))
                changed = max(changed, at)
        except Refused as reason:
            notes.append(reason.sentence)
    if not _agrees(said, changed):
        disk = datetime.fromtimestamp(changed, UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        notes.append(f"It says that it is of {said.strip() or 'no time'}; {disk} on disk counts.")
        said = disk
    return _Handed((*files, HandedFile(HANDED_IN, said.encode())), changed, " ".join(notes))


def _own(folder: int, owner: int, name: str, largest: int) -> tuple[bytes, float]:
    """A file's bytes and last change, where it is no second name of somebody else's file."""
    data, found = read_plain(Path(name), largest, folder)
    if found.st_uid != owner:
        raise _refused(f"{name} is owned by {_account(found.st_uid)}.")
    return data, found.st_ctime


def _agrees(said: str, changed: float) -> bool:
    """Whether a time in nbgrader's writing is that of the last change, as near as may be."""
    try:
        when = parse_utc(said.strip()).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError, TypeError):
        return False
    return abs(changed - when) <= SAME_TIME_SECONDS


def _refused(sentence: str) -> Refused:
    return Refused(Verdict.MALFORMED, sentence)
