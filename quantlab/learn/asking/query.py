"""A question as groups of words: each word of it, and the course's own words for the same thing."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import cache
from pathlib import Path

import yaml

from quantlab.learn.asking.words import words

#: What a word beside the asked one counts for. Chosen on the tuning half of the questions.
SYNONYM = 0.8

#: A name of a program, and where its parts begin: MinMaxObserver, IInt8Calibrator.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
PART = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

#: One word of a question: {stem: weight}, the asked word first.
Group = dict[str, float]


@cache
def synonyms() -> dict[tuple[str, ...], tuple[str, ...]]:
    """{stems of what a learner may say: stems of the course's words}, from synonyms.yaml."""
    file = Path(__file__).with_name("synonyms.yaml")
    table = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {tuple(words(said)): tuple(words(course)) for said, course in table.items()}


def groups(question: str, known: Container[str]) -> list[Group]:
    """The words of a question in their order, once each; fillers are no words.

    Two words that stand together in the table, such as "batch norm", are one. A name that is not
    `known` is looked for by its parts: a MinMaxObserver is an observer of minimum and maximum.
    """
    asked, table = words(NAME.sub(lambda name: _in_parts(name[0], known), question)), synonyms()
    found: dict[str, Group] = {}
    n = 0
    while n < len(asked):
        pair = tuple(asked[n : n + 2])
        together = pair if len(pair) == 2 and pair in table else pair[:1]
        beside = table.get(together, ())
        group = dict.fromkeys(together, 1.0)
        group |= {word: SYNONYM for word in beside if word not in group}
        found.setdefault(asked[n], group)
        n += len(together)
    return list(found.values())


def _in_parts(name: str, known: Container[str]) -> str:
    return name if all(word in known for word in words(name)) else PART.sub(" ", name)
