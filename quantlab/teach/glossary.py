"""The terms that a lesson defines: read from its glossary.yaml, shown as a table.

- term: scale
  means: The distance between two neighbouring ticks of a ruler, in real numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KEYS = {"term", "means"}


@dataclass(frozen=True)
class Term:
    """A word of the course, and in one or two sentences what it means."""

    term: str
    means: str

    def sort_key(self) -> str:
        return self.term.casefold()


def read_glossary(path: Path) -> tuple[Term, ...]:
    """The terms in a YAML file, in its order. Raises ValueError in one sentence."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: the file is no YAML text: {_line(error)}.") from error
    if not isinstance(data, list) or not data:
        raise ValueError(f"{path.name}: expected is a list of terms; write at least one.")
    terms = tuple(_term(entry, f"{path.name}, term {n}") for n, entry in enumerate(data, start=1))
    twice = {t.term for n, t in enumerate(terms) if t.term in [s.term for s in terms[:n]]}
    if twice:
        raise ValueError(f"{path.name}: {', '.join(sorted(twice))} stands twice; drop one of them.")
    return terms


def _term(entry: Any, where: str) -> Term:
    if not isinstance(entry, dict) or set(entry) != KEYS:
        seen = ", ".join(map(str, entry)) if isinstance(entry, dict) else type(entry).__name__
        raise ValueError(f"{where}: found {seen}, but expected are the keys term and means.")
    for key in sorted(KEYS):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise ValueError(f"{where}: {key} is {entry[key]!r}, but expected is a text; write it.")
    return Term(_line(entry["term"]), _line(entry["means"]))


def _line(text: object) -> str:
    return " ".join(str(text).split())


def glossary_table(terms: Iterable[Term]) -> str:
    """The terms as a table in Markdown, for the prose of a lesson."""
    rows = [f"| **{t.term}** | {t.means} |" for t in terms]
    return "\n".join(["| word | what it means |", "|---|---|", *rows])
