"""Which submissions are alike: a reason to look at both, and no proof of anything.

Each answer becomes the set of its shingles, runs of a few tokens that follow each other, without
comments, spacing and names. What the released stub gives everybody, and what much of the class
wrote, tells nothing and is left out. Likeness is the share of the rest that two have in common
(Broder, On the resemblance and containment of documents, 1997).
"""

from __future__ import annotations

import io
import itertools
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograder.course_folder import Course

TOKENS, WORDS = 6, 4
#: What a larger share of the class wrote is how one writes it; two may always have it in common.
COMMON = 0.2
#: Fewer shingles of their own than these are too little to compare.
LEAST = 25
ALIKE = 0.6
SKIPPED = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
)


@dataclass(frozen=True)
class Pair:
    """Two submissions of one lesson: how alike (0 to 1), and in which answers most."""

    lesson: str
    first: str
    second: str
    alike: float
    where: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


Shingles = Mapping[str, frozenset[tuple[str, ...]]]


def similar_in(course: Course, lesson: str, students: Iterable[str]) -> tuple[Pair, ...]:
    """The pairs of one lesson that are alike, the most alike first."""
    release = nbformat.read(course.release_path(lesson), as_version=4)
    given = shingles_of(release)
    own: dict[str, Shingles] = {}
    for student in students:
        path = course.autograded_path(student, lesson)
        if path.is_file():
            answers = shingles_of(nbformat.read(path, as_version=4))
            own[student] = {id: each - given.get(id, frozenset()) for id, each in answers.items()}
    return pairs_of(lesson, own)


def pairs_of(lesson: str, own: Mapping[str, Shingles]) -> tuple[Pair, ...]:
    """The pairs that are alike, of the shingles of each student's answers."""
    kept = _without_common(own)
    where: dict[tuple[str, ...], set[str]] = {}
    for student, shingles in kept.items():
        for shingle in shingles:
            where.setdefault(shingle, set()).add(student)
    shared: Counter[tuple[str, str]] = Counter()
    for students in where.values():
        shared.update(itertools.combinations(sorted(students), 2))
    found = []
    for (first, second), both in shared.items():
        either = len(kept[first]) + len(kept[second]) - both
        if both >= LEAST and both / either >= ALIKE:
            most = _most_alike(own[first], own[second])
            found.append(Pair(lesson, first, second, round(both / either, 3), most))
    return tuple(sorted(found, key=lambda pair: (-pair.alike, pair.first, pair.second)))


def _without_common(own: Mapping[str, Shingles]) -> dict[str, frozenset[tuple[str, ...]]]:
    """All shingles of each student, by answer, without those of much of the class."""
    whole = {
        student: frozenset((id, *shingle) for id, each in answers.items() for shingle in each)
        for student, answers in own.items()
    }
    counts = Counter(shingle for shingles in whole.values() for shingle in shingles)
    most = max(2, int(COMMON * len(own)))
    return {
        student: frozenset(s for s in shingles if counts[s] <= most)
        for student, shingles in whole.items()
    }


def _most_alike(first: Shingles, second: Shingles) -> tuple[str, ...]:
    """Up to three answers with the most in common, as a person names them."""
    both = Counter({id: len(first[id] & second[id]) for id in first.keys() & second.keys()})
    return tuple(_named(id) for id, n in both.most_common(3) if n)


def _named(grade_id: str) -> str:
    return grade_id.partition("-")[2].replace("-", ".") or grade_id


def shingles_of(notebook: NotebookNode) -> Shingles:
    """The shingles of each answer cell, by grade id."""
    cells = [cell for cell in notebook.cells if is_solution(cell)]
    return {cell.metadata.nbgrader["grade_id"]: _shingles(cell) for cell in cells}


def _shingles(cell: NotebookNode) -> frozenset[tuple[str, ...]]:
    if cell.metadata.nbgrader.get("grade"):  # a text, in the quotes of one name
        return _runs(re.findall(r"\w+", cell.source.lower()), WORDS)
    return _runs(_tokens(cell.source), TOKENS)


def _runs(tokens: Sequence[str], n: int) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _tokens(source: str) -> list[str]:
    """The tokens of the code, every name but a keyword as `n`; the words where it is no code."""
    try:
        read = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return re.findall(r"\w+|\S", source)
    tokens = [token for token in read if token.type not in SKIPPED and token.string.strip()]
    return ["n" if _is_name(token) else token.string for token in tokens]


def _is_name(token: tokenize.TokenInfo) -> bool:
    return token.type == tokenize.NAME and not keyword.iskeyword(token.string)
