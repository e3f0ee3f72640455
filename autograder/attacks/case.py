"""A case: a submission as data, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).with_name("cases")
LESSON = "01_scale_and_zero_point"
#: What code gives a right submission of the lesson; its written answer is for a person.
FULL = 23.0
KNOWN = {
    "name",
    "case",
    "says",
    "lesson",
    "start",
    "student",
    "first",
    "last",
    "cells",
    "edit",
    "text",
    "file",
    "files",
    "settings",
    "expect",
}
EXPECTED = {"score", "verdict", "reason", "note", "flag", "secret"}


@dataclass(frozen=True)
class Expected:
    """What must become of a case.

    score     points; None where it must have no score.
    verdicts  one of these, "any" for all; graded where it is empty and there is a score.
    secret    a text that must not stand in the record or in the notebook.
    reason, note, flag   a text that must stand in the record's.
    """

    score: float | None
    verdicts: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""
    flag: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Case:
    """One submission.

    start   stub: the released notebook with its gaps; right: with the reference answers.
    first, last   code of a cell in front of all others, or behind them.
    cells   sources by grade id. edit: changes of the notebook, by name (`edits.py`).
    text    a change of the notebook's file as text. file: what stands in the folder in its place.
    files   texts that lie beside the notebook.
    """

    group: str
    name: str
    number: int
    says: str
    expected: Expected
    lesson: str = LESSON
    start: str = "stub"
    student: str = ""
    first: str = ""
    last: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    edit: tuple[str, ...] = ()
    text: str = ""
    file: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_cases(folder: Path = CASES) -> tuple[Case, ...]:
    """Every case of a folder's YAML files, in their order. ValueError for what is no case."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        for data in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append(_case(path.stem, data))
    names = [case.name for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"These cases have one name: {', '.join(twice)}.")
    return tuple(found)


def _case(group: str, data: Mapping[str, Any]) -> Case:
    expect = dict(data.get("expect", {}))
    unknown = (data.keys() - KNOWN) | (expect.keys() - EXPECTED)
    if unknown:
        raise ValueError(f"{data.get('name')}: {sorted(unknown)} is no part of a case.")
    verdicts = expect.pop("verdict", ())
    score = expect.pop("score", FULL if data.get("start") == "right" else 0.0)
    rest = {name: value for name, value in data.items() if name not in ("case", "expect", "edit")}
    return Case(
        group=group,
        number=data["case"],
        edit=tuple(data.get("edit", ())),
        expected=Expected(
            None if score is None else float(score),
            (verdicts,) if isinstance(verdicts, str) else tuple(verdicts),
            **expect,
        ),
        **rest,
    )
