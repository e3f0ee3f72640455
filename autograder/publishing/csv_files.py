"""The files that leave the course: grades as CSV, and the import files of Canvas and Moodle.

Canvas ("How do I import grades in the Gradebook?", community.canvaslms.com, Instructor Guide): the
columns Student, ID, SIS User ID, SIS Login ID and Section come first and in this order; each
further column is an assignment, by name; a row "Points Possible" may follow the header. A student
is found by ID, or by an id of the registry (SIS).

Moodle ("Grade import", docs.moodle.org): a CSV with a header; the person who imports says which
column identifies the user, such as the e-mail address, and which column is which grade item. An
empty grade is not imported.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from autograder.publishing.rows import Row, in_order

#: A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
COLUMNS = ("student", "last_name", "first_name", "email", "lesson", "verdict")
POINTS = ("score", "late_penalty", "total", "max_score", "waiting_for_a_person")


def grades(rows: Sequence[Row]) -> str:
    """One row for each student and lesson, one column for each exercise; an open one is empty."""
    ids = sorted({e.id for row in rows for e in row.exercises}, key=in_order)
    lines: list[list[object]] = [[*COLUMNS, *POINTS, *ids, "reason"]]
    for row in rows:
        who = row.person
        points = {e.id: e.points for e in row.exercises}
        penalty = row.penalty if row.score is not None else None
        own = [who.id, who.last_name, who.first_name, who.email, row.lesson, row.verdict]
        sums = [row.score, penalty, row.total, row.max_score, " ".join(row.waiting)]
        lines.append([*own, *sums, *(points.get(id) for id in ids), row.reason])
    return _text(lines)


def canvas(rows: Sequence[Row], *, final: bool = False) -> str:
    """Canvas' import file. `final` leaves everyone empty who still waits for a person."""
    lessons, people = _lessons(rows), _people(rows)
    lines: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *lessons],
        ["Points Possible", *[""] * 4, *lessons.values()],
    ]
    for mine in people:
        who = mine[0].person
        name = ", ".join(filter(None, (who.last_name, who.first_name))) or who.id
        lines.append([name, who.lms_id, "", who.id, "", *_totals(mine, lessons, final)])
    return _text(lines)


def moodle(rows: Sequence[Row], *, final: bool = False) -> str:
    """Moodle's import file. `final` leaves everyone empty who still waits for a person."""
    lessons, people = _lessons(rows), _people(rows)
    lines: list[list[object]] = [
        ["Username", "First name", "Last name", "ID number", "Email address", *lessons]
    ]
    for mine in people:
        who = mine[0].person
        own = [who.id, who.first_name, who.last_name, who.lms_id, who.email]
        lines.append([*own, *_totals(mine, lessons, final)])
    return _text(lines)


def _lessons(rows: Iterable[Row]) -> dict[str, float | None]:
    """Each lesson and its points; what is no lesson's (a stray file) has no column."""
    found: dict[str, float | None] = {}
    for row in rows:
        if row.lesson and row.lesson != "*" and (row.max_score is not None or row.lesson in found):
            found[row.lesson] = row.max_score if row.max_score is not None else found[row.lesson]
    return dict(sorted(found.items()))


def _people(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each student that belong to a lesson, by student."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.lesson and row.lesson != "*":
            found.setdefault(row.student, []).append(row)
    return [found[student] for student in sorted(found)]


def _totals(mine: Iterable[Row], lessons: Iterable[str], final: bool) -> list[float | None]:
    by_lesson = {row.lesson: row for row in mine}
    return [
        None if row is None or (final and row.waiting) else row.total
        for row in (by_lesson.get(lesson) for lesson in lessons)
    ]


def _text(lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([field(value) for value in line] for line in lines)
    return text.getvalue()


def field(value: object) -> str:
    """A number as it is; a text that a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
