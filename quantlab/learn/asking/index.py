"""Which sections of the course fit a question, and whether any does.

A section is scored by BM25 on its own words and on those of its whole lesson. Whether anything fits
is another question: a section *covers* the share of the question's words that it has, each weighed
by how much it tells. A word that the course never says tells most, so "How do I quantize with
GPTQ?" is refused although half of it is in every lesson.

The weights were chosen on the tuning half of benchmarks/ask_questions.yaml and judged on the other.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from quantlab.learn.asking.bm25 import Bm25, counted
from quantlab.learn.asking.course_text import Entry, Passage, course_text
from quantlab.learn.asking.query import Group, groups, synonyms
from quantlab.learn.asking.words import words

HEADING, BOLD = 2.0, 1.0  # counts of a word in the heading, and more where the text is bold
#: A section that sums up, or sets a task, says less than the one that explains.
SUMS_UP, SETS_A_TASK = 0.7, 0.85
#: Pointers to other places, and tables of words that stand in the glossary, answer nothing.
LEFT_OUT = ("Next", "Check yourself", "Say it yourself", "Words of this lesson", "The end")
#: Below this share of a question nothing fits; an entry fits from this share of it on.
FITS, ENTRY_FITS = 0.5, 0.34
SHOWN = 3


@dataclass(frozen=True)
class Hit:
    """A section that fits, its score, and the paragraph of it that fits best."""

    passage: Passage
    paragraph: str
    score: float


@dataclass(frozen=True)
class Found:
    """What was found: the best sections, the word of the glossary, and what share was covered."""

    hits: tuple[Hit, ...]
    entry: Entry | None
    covered: float

    @property
    def fits(self) -> bool:
        return self.covered >= FITS


class CourseIndex:
    """The sections of a course, ready to be asked."""

    def __init__(self, passages: Sequence[Passage], entries: Sequence[Entry]) -> None:
        self.passages = tuple(p for p in passages if not p.heading.endswith(LEFT_OUT))
        self.entries = tuple(entries)
        own = [_counts(passage) for passage in self.passages]
        self._own = Bm25(own)
        lessons: dict[str, Counter[str]] = defaultdict(Counter)
        for passage, counts in zip(self.passages, own, strict=True):
            lessons[passage.notebook].update(counts)
        self._lesson_names = tuple(lessons)
        self._lessons = Bm25(list(lessons.values()))

    def find(self, question: str) -> Found:
        """The best sections of one question, at most SHOWN, the best first."""
        asked = groups(question)
        scores, covered = self._scores(asked)
        best = sorted(scores, key=lambda n: (-scores[n], n))[:SHOWN]
        hits = tuple(Hit(self.passages[n], self._paragraph(n, asked), scores[n]) for n in best)
        return Found(hits, self._entry(asked), max((covered[n] for n in best), default=0.0))

    def _scores(self, asked: list[Group]) -> tuple[dict[int, float], dict[int, float]]:
        """{section: score} and {section: share of the question that it covers}."""
        own = _summed(self._own, asked)
        lesson_scores = _summed(self._lessons, asked)
        of_lesson = {self._lesson_names[n]: score for n, score in lesson_scores.items()}
        scores = {
            n: _standing(self.passages[n]) * (score + of_lesson[self.passages[n].notebook])
            for n, score in own.items()
        }
        tells = [self._tells(group) for group in asked]
        whole = sum(tells)
        covered: dict[int, float] = defaultdict(float)
        for group, weight in zip(asked, tells, strict=True):
            for n in {n for word in group for n in self._own.scores(word)}:
                covered[n] += weight / whole
        return scores, covered

    def _paragraph(self, n: int, asked: list[Group]) -> str:
        """The paragraph of a section that has most of the question; of equal ones the first."""

        def told(text: str) -> float:
            said = set(words(text))
            return sum(
                max(
                    (w * self._own.idf(word) for word, w in group.items() if word in said),
                    default=0,
                )
                for group in asked
            )

        return max(self.passages[n].paragraphs, key=told)

    def _tells(self, group: Group) -> float:
        """How much one word of a question tells: as little as its most usual known word does."""
        known = [self._own.idf(word) for word in group if word in self._own]
        return min(known) if known else self._own.idf(next(iter(group)))

    def _entry(self, asked: list[Group]) -> Entry | None:
        """The word of the glossary that makes up most of the question, where one does."""
        said = {next(iter(group)): self._tells(group) for group in asked}
        whole, best, share = sum(said.values()), None, ENTRY_FITS
        for entry in self.entries:
            for term in entry.term.split(","):
                stems = words(term)
                if stems and said.keys() >= set(stems):
                    part = sum(said[word] for word in set(stems)) / whole
                    if part > share:
                        best, share = entry, part
        return best


@cache
def course_index() -> CourseIndex:
    """The index of this copy of the course, made at the first question."""
    synonyms()
    text = course_text()
    return CourseIndex(text.passages, text.entries)


def _counts(passage: Passage) -> Counter[str]:
    text = " ".join(passage.paragraphs)
    bold = " ".join(re.findall(r"\*\*(.+?)\*\*", text))
    return counted((words(text), 1.0), (words(passage.topic), HEADING), (words(bold), BOLD))


def _standing(passage: Passage) -> float:
    if passage.heading == passage.title or passage.heading.startswith("What you have"):
        return SUMS_UP
    numbered = passage.notebook[:2].isdigit()
    return 1.0 if numbered and not passage.heading.startswith("Exercise") else SETS_A_TASK


def _summed(index: Bm25, asked: list[Group]) -> Mapping[int, float]:
    """{document: score}: of each group of words, the best one counts."""
    total: dict[int, float] = defaultdict(float)
    for group in asked:
        best: dict[int, float] = defaultdict(float)
        for word, weight in group.items():
            for n, score in index.scores(word).items():
                best[n] = max(best[n], weight * score)
        for n, score in best.items():
            total[n] += score
    return total
