"""Which sections of the course fit a question, and whether any does.

A section is scored by BM25 on its own words, on those of its whole lesson, on its best paragraph,
and on the words that stand side by side in it as they do in the question. Beside its own words
count those of questions that it answers, as learners would ask them: "document expansion", after
Nogueira, Yang, Lin and Cho, "Document Expansion by Query Prediction", 2019. There a model predicts
the questions; here they stand in asked_as.yaml, written from the text of each section, and each of
them counts as a paragraph, too.

Whether anything fits is another question: what speaks for it is the score, and the share of the
question that a section *covers*, each word weighed by how much it tells. A word that the course
never says tells most, so "How do I quantize with GPTQ?" is refused although half of it is in every
lesson.

The weights were chosen on the questions of benchmarks/ask_questions.yaml that are there to choose
by, and judged on the others.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

from quantlab.learn.asking.bm25 import Bm25, counted
from quantlab.learn.asking.course_text import Entry, Passage, course_text
from quantlab.learn.asking.query import Group, groups, in_parts, mended, names, synonyms
from quantlab.learn.asking.words import words

#: What a word in the heading counts for.
HEADING = 3.0
#: What a word counts for of a question that the section answers.
ASKED_AS = 0.4
#: What the words of the lesson, the best paragraph, and words side by side add to a section's own.
LESSON, PARAGRAPH, PAIR = 0.75, 0.6, 0.4
#: What a word of the question adds where its lesson defines it: there it stands in bold.
DEFINED = 1.5
BOLD = re.compile(r"\*\*(.+?)\*\*")
#: A section that sums up, or sets a task, says less than the one that explains.
SUMS_UP, SETS_A_TASK = 0.7, 0.9
#: Pointers to other places, and tables of words that stand in the glossary, answer nothing.
LEFT_OUT = ("Next", "Check yourself", "Say it yourself", "Words of this lesson", "The end")
#: What covers nearly all of a question fits, however little its words tell.
WHOLE = 0.95
#: Else it needs the share covered and the best score, by STRENGTH, to reach FITS together.
#: FITS refuses 19 of 20 foreign questions of those that choose.
FITS, STRENGTH = 1.1, 0.035
#: What a name in the question that the course never says, a product's for one, takes off again.
UNKNOWN_NAME = 0.4
#: An entry fits from this share of a question on.
ENTRY_FITS = 0.34
SHOWN = 3


@dataclass(frozen=True)
class Hit:
    """A section that fits, its score, and the paragraph of it that fits best."""

    passage: Passage
    paragraph: str
    score: float


@dataclass(frozen=True)
class Found:
    """What was found: the best sections, the word of the glossary, and what share was covered.

    unknown_name    whether the question names something that the course never does.
    """

    hits: tuple[Hit, ...]
    entry: Entry | None
    covered: float
    unknown_name: bool = False

    @property
    def fits(self) -> bool:
        if not self.hits:
            return False
        speaks_for_it = self.covered + STRENGTH * self.hits[0].score
        enough = speaks_for_it - UNKNOWN_NAME * self.unknown_name >= FITS
        return enough or self.covered >= WHOLE


class CourseIndex:
    """The sections of a course, ready to be asked."""

    def __init__(self, passages: Sequence[Passage], entries: Sequence[Entry]) -> None:
        self.passages = tuple(p for p in passages if not p.heading.endswith(LEFT_OUT))
        self.entries = tuple(entries)
        paragraphs = [[words(text) for text in passage.paragraphs] for passage in self.passages]
        headings = [words(passage.topic) for passage in self.passages]
        own = _counts(paragraphs, headings)
        said = frozenset(chain.from_iterable(own))
        #: The stems of the questions that each section answers, one by one.
        self.asked_as = [
            [words(in_parts(text, said)) for text in passage.asked_as] for passage in self.passages
        ]
        for counts, questions in zip(own, self.asked_as, strict=True):
            for stem in chain.from_iterable(questions):
                counts[stem] += ASKED_AS  # type: ignore[assignment]
        self._own = Bm25(own)
        lessons: dict[str, Counter[str]] = defaultdict(Counter)
        for passage, counts in zip(self.passages, own, strict=True):
            lessons[passage.notebook].update(counts)
        self._lesson_names = tuple(lessons)
        self._lessons = Bm25(list(lessons.values()))
        # A question that is asked like one of these fits as it fits a paragraph.
        texts_of = [text + asked for text, asked in zip(paragraphs, self.asked_as, strict=True)]
        #: The section of each paragraph.
        self._section = [n for n, texts in enumerate(texts_of) for _ in texts]
        self._paragraphs = Bm25([Counter(text) for texts in texts_of for text in texts])
        self._pairs = Bm25(_counts([map(pairs, x) for x in texts_of], map(pairs, headings)))
        #: The stems of each term, and a section that defines it.
        self.defined = list(_defined(self.passages, self.entries))

    def find(self, question: str) -> Found:
        """The best sections of one question, at most SHOWN, the best first."""
        question = in_parts(question, self._own)
        question = mended(question, self._own, self._pairs)
        asked = groups(question)
        scores = self._scores(question, asked)
        best = sorted(scores, key=lambda n: (-scores[n], n))[:SHOWN]
        hits = tuple(Hit(self.passages[n], self._paragraph(n, asked), scores[n]) for n in best)
        covered, named = self._covered(asked), names(question)
        return Found(
            hits,
            self._entry(asked),
            max((covered[n] for n in best), default=0.0),
            any(named & group.keys() and not self._knows(group) for group in asked),
        )

    def _scores(self, question: str, asked: list[Group]) -> dict[int, float]:
        """{section: score}."""
        lesson_scores = _summed(self._lessons, asked)
        of_lesson = {self._lesson_names[n]: score for n, score in lesson_scores.items()}
        paragraph: dict[int, float] = defaultdict(float)
        for n, score in _summed(self._paragraphs, asked).items():
            paragraph[self._section[n]] = max(paragraph[self._section[n]], score)
        more = dict(_summed(self._pairs, [{pair: PAIR} for pair in set(pairs(words(question)))]))
        said = {next(iter(group)) for group in asked}
        for stems, n in self.defined:
            if stems <= said:
                more[n] = more.get(n, 0.0) + DEFINED * sum(map(self._own.idf, stems))
        return {
            n: standing(self.passages[n])
            * (
                score
                + LESSON * of_lesson[self.passages[n].notebook]
                + PARAGRAPH * paragraph[n]
                + more.get(n, 0.0)
            )
            for n, score in _summed(self._own, asked).items()
        }

    def _covered(self, asked: list[Group]) -> Mapping[int, float]:
        """{section: share of the question that it has}; a word beside the asked one is a part."""
        tells = [self._tells(group) for group in asked]
        covered: dict[int, float] = defaultdict(float)
        for group, tell in zip(asked, tells, strict=True):
            has: dict[int, float] = defaultdict(float)
            for word, weight in group.items():
                for n in self._own.scores(word):
                    has[n] = max(has[n], weight)
            for n, weight in has.items():
                covered[n] += weight * tell / sum(tells)
        return covered

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

    def _knows(self, group: Group) -> bool:
        return any(word in self._own for word in group)

    def _tells(self, group: Group) -> float:
        """How much one word of a question tells: as little as its most usual known word does."""
        known = [self._own.idf(word) for word in group if word in self._own]
        return min(known) if known else self._own.idf(next(iter(group)))

    def _entry(self, asked: list[Group]) -> Entry | None:
        """The word of the glossary that makes up most of the question, where one does."""
        said = {next(iter(group)): self._tells(group) for group in asked}
        whole, best, share = sum(said.values()), None, ENTRY_FITS
        for entry in self.entries:
            for stems in stems_of(entry):
                if said.keys() >= stems:
                    part = sum(said[word] for word in stems) / whole
                    if part > share:
                        best, share = entry, part
        return best


@cache
def course_index() -> CourseIndex:
    """The index of this copy of the course, made at the first question."""
    synonyms()
    text = course_text()
    return CourseIndex(text.passages, text.entries)


def pairs(stems: Sequence[str]) -> list[str]:
    """Words that stand side by side."""
    return [f"{first} {second}" for first, second in pairwise(stems)]


def _counts(
    paragraphs: Iterable[Iterable[Sequence[str]]], headings: Iterable[Sequence[str]]
) -> list[Counter[str]]:
    """The terms of each section, those of its heading by their weight."""
    return [
        counted((list(chain.from_iterable(texts)), 1.0), (heading, HEADING))
        for texts, heading in zip(paragraphs, headings, strict=True)
    ]


def stems_of(entry: Entry) -> list[frozenset[str]]:
    """The stems of an entry, of each of its terms: "qmin, qmax" are two."""
    return [stems for term in entry.term.split(",") if (stems := frozenset(words(term)))]


def _defined(
    passages: Sequence[Passage], entries: Iterable[Entry]
) -> Iterator[tuple[frozenset[str], int]]:
    """Each term of the glossary with a section of its lesson that has it in bold."""
    bold = [
        [frozenset(words(text)) for text in BOLD.findall(" ".join(passage.paragraphs))]
        for passage in passages
    ]
    for entry in entries:
        for stems in stems_of(entry):
            for n, passage in enumerate(passages):
                if passage.notebook == entry.notebook and stems in bold[n]:
                    yield stems, n


def standing(passage: Passage) -> float:
    """What a section's score is multiplied by: less than 1 where it sums up or sets a task."""
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
