"""A question as groups of words: each word of it, and the course's own words for the same thing."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import yaml

from quantlab.learn.asking.bm25 import Bm25
from quantlab.learn.asking.course_text import course_text
from quantlab.learn.asking.words import words

SYNONYMS = Path(__file__).with_name("synonyms.yaml")
#: What a word beside the asked one counts for. Chosen on the tuning half of the questions.
SYNONYM = 0.8

#: A name of a program, and where its parts begin: MinMaxObserver, IInt8EntropyCalibrator2.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
PART = re.compile(r"(?<=[a-z][a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=[a-z]{3})(?=[0-9])")
#: A word that is spelled as names are: a capital that begins no sentence, or several of them.
SPELLED = re.compile(r"(?<![.?!] )(?<!^)\b[A-Z]\w*|\b\w*[A-Z0-9]\w*[A-Z0-9]\w*")

#: A word so long that one letter more or less makes another word of it only by a slip.
LONG = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{8,}(?![A-Za-z0-9])")
LETTERS = "abcdefghijklmnopqrstuvwxyz"

#: One word of a question: {stem: weight}, the asked word first.
Group = dict[str, float]


@cache
def synonyms() -> dict[tuple[str, ...], tuple[str, ...]]:
    """{stems of what a learner may say: stems of the course's words}, from synonyms.yaml."""
    # libyaml reads the table many times as fast; where it is missing the same text is read slowly.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = yaml.load(SYNONYMS.read_text(encoding="utf-8"), loader)
    return {tuple(words(said)): tuple(words(course)) for said, course in table.items()}


def groups(question: str) -> list[Group]:
    """The words of a question in their order, once each; fillers are no words.

    Two words that stand together in the table, such as "batch norm", are one.
    """
    asked, table = words(question), synonyms()
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


def in_parts(question: str, known: Container[str]) -> str:
    """The question with each name that is not `known` in its parts.

    A MinMaxObserver is looked for as an observer of minimum and maximum.
    """

    if not PART.search(question):
        return question

    def apart(name: re.Match[str]) -> str:
        said = all(word in known for word in words(name[0]))
        return name[0] if said else PART.sub(" ", name[0])

    return NAME.sub(apart, question)


def mended(question: str, index: Bm25, pairs: Bm25) -> str:
    """The question with each long word that the course never says as the course writes it.

    It becomes two words that stand side by side in several sections ("featuremap"), or else the
    most usual one that a slip of one letter makes of it ("calibraton"). A synonym stays, and so
    does a name: one letter makes another program of it.
    """
    spelled = set(LONG.findall(" ".join(SPELLED.findall(question))))
    stems, table = course_text().stems, synonyms()

    def right(found: re.Match[str]) -> str:
        whole, word = found[0], found[0].lower()
        if whole in spelled or all(stem in index or (stem,) in table for stem in words(word)):
            return whole
        for n in range(3, len(word) - 2):
            apart = f"{word[:n]} {word[n:]}"
            if len(pairs.scores(" ".join(words(apart)))) > 1:
                return apart
        near = [form for form in slips(word) if stems.get(form) in index]
        return min(near, key=lambda form: (index.idf(stems[form]), form), default=whole)

    return LONG.sub(right, question)


def slips(word: str) -> Iterator[str]:
    """What one letter too few, too many, another or in its neighbour's place makes of a word.

    The first letter stays: few slip there, and another one makes another word.
    """
    for n in range(1, len(word) + 1):
        head, tail = word[:n], word[n:]
        yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in LETTERS:
            yield head + letter + tail
            yield head + letter + tail[1:]


def names(question: str) -> frozenset[str]:
    """The stems of what a question spells as a name: CUDA, YOLOv8, the Pixel."""
    return frozenset(words(" ".join(SPELLED.findall(question))))
