"""Whose file is it: the names that learning platforms give to what they pack into a download.

Canvas ("How do I download all student submissions for an assignment?", Instructor Guide): one flat
zip of NAME_USER_ATTACHMENT_FILE, with LATE between name and user where it was late; NAME is the
sortable name in small letters without spaces.

Moodle ("Assignment FAQ", docs.moodle.org): a folder for each student, NAME_PARTICIPANT_
assignsubmission_file, or the same words in front of each file; NAME is the full name.

Anything else is read as nbgrader's own layout: STUDENT/…/FILE.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.intake.person import Person
from autograder.intake.student_ids import LONGEST, NO_STUDENTS, is_id

CANVAS = re.compile(r"(?P<name>[^_/]*)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
MOODLE = re.compile(r"(?P<name>.*)_(?P<user>\d+)_assignsubmission_file(?P<rest>_.*|)")


@dataclass(frozen=True)
class Sender:
    """Who a file in a download is from, as far as its name tells.

    platform   canvas, moodle or folders.
    name       as the platform writes it; `user` its number there, empty for folders.
    order      of two files of one sender the higher is newer, where the platform tells.
    """

    platform: str
    name: str
    user: str = ""
    late: bool = False
    order: int = 0


def sender_of(path: PurePosixPath) -> Sender | None:
    """The sender of a file at this place of a download; None where nothing tells."""
    for part in path.parts:
        found = MOODLE.fullmatch(part)
        if found:
            return Sender("moodle", found["name"].strip(), found["user"])
    found = CANVAS.fullmatch(path.name)
    if found:
        late = found["late"] is not None
        return Sender("canvas", found["name"], found["user"], late, int(found["file"]))
    first = path.parts[0]
    if len(path.parts) > 1 and first not in NO_STUDENTS and not first.startswith("."):
        return Sender("folders", first)
    return None


def student_id(sender: Sender, roster: Iterable[Person]) -> tuple[str, bool]:
    """The student's id, and whether the roster knows the sender.

    Canvas: by `lms_user_id`. Moodle: by full name, where just one has it. Folders: by id. Without
    a match the id is the platform's own name and number, so that nobody is mixed up.
    """
    people = list(roster)
    if sender.platform == "folders":
        return sender.name, any(person.id == sender.name for person in people)
    by_number = [p for p in people if sender.platform == "canvas" and p.lms_id == sender.user]
    by_name = [p for p in people if sender.platform == "moodle" and _same(sender.name, p)]
    for found in (by_number, by_name):
        if len(found) == 1:
            return found[0].id, True
    own = f"{sender.name}_{sender.user}"[-LONGEST:]
    return (own if is_id(own) else f"{sender.platform}-{sender.user}"), False


def _same(name: str, person: Person) -> bool:
    """Moodle may put the last name first; a group's name may stand in front with a hyphen."""
    said = _folded(name)
    names = {_folded(person.name), _folded(f"{person.last_name} {person.first_name}")} - {""}
    return said in names or any(said.endswith(f"-{one}") for one in names)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
