"""The name of a quiz's answers, also where a browser, a file manager or an editor changed it."""

from __future__ import annotations

import re

ENDING = ".answers.json"
#: `quick_test.answers (1).json`, `… - Copy.json`, `…-Copy1.json`, `… copy 2.json`, `….json.txt`.
CHANGED = re.compile(
    r"(?P<quiz>.+)\.answers(?:[ _-]*(?:\(\d+\)|copy ?\d*|\d+))*\.json(?:\.txt)?", re.IGNORECASE
)


def answers_name(name: str) -> str | None:
    """The name that the quiz gave the file; None where it is no answers file at all."""
    found = CHANGED.fullmatch(name)
    return f"{found['quiz']}{ENDING}" if found else None
