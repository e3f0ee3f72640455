"""The fields of an author's YAML entry: a fault is a ValueError that says where, and what to do.

`where` names the file and the entry, as an author reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def check_known(entry: Any, keys: Iterable[str], where: str) -> None:
    """Raise ValueError unless `entry` is a mapping with none but these keys."""
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"{where}: found {type(entry).__name__}, but expected are `key: value` lines."
        )
    unknown = sorted(str(key) for key in entry if key not in set(keys))
    if unknown:
        raise ValueError(
            f"{where}: {', '.join(unknown)} is not known here; known are {', '.join(sorted(keys))}."
        )


def check_text(entry: Mapping[str, Any], key: str, where: str) -> None:
    """Raise ValueError unless there is a text that says something."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}: {key} is {value!r}, but expected is a text; write it.")


def check_asks(entry: Mapping[str, Any], key: str, where: str) -> None:
    """Raise ValueError unless there is a text that ends with a question."""
    check_text(entry, key, where)
    if not entry[key].rstrip().endswith("?"):
        raise ValueError(
            f"{where}: {key} of a wrong answer ends with {entry[key].rstrip()[-12:]!r}, but a "
            "wrong answer is met with a question; end it with one."
        )


def check_flag(entry: Mapping[str, Any], key: str, where: str) -> None:
    """Raise ValueError unless it is true, false, or left out."""
    if not isinstance(entry.get(key, False), bool):
        raise ValueError(f"{where}: {key} is {entry[key]!r}, but expected is true or false.")


def number_in(entry: Mapping[str, Any], key: str, where: str) -> float:
    """The finite number under `key`. Raises ValueError where there is none."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{where}: {key} is {value!r}, but expected is a number; write it.")
    return float(value)


def tolerance_in(entry: Mapping[str, Any], where: str) -> float:
    """The tolerance, 0 or more. Raises ValueError for anything else."""
    value = number_in(entry, "tolerance", where)
    if value < 0:
        raise ValueError(f"{where}: tolerance is {value:g}, but it is 0 or more.")
    return value


def check_no_repeats(values: Iterable[str], name: str, where: str) -> None:
    """Raise ValueError where a value stands twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{where}: the {name} {value!r} stands twice; change one of them.")
        seen.add(value)


def either(words: Iterable[str]) -> str:
    """The words as a choice: a, b or c."""
    *first, last = words
    return f"{', '.join(first)} or {last}"
