"""BM25: which documents of a collection a few words fit best.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and
Trends in Information Retrieval 3(4), 2009, equation 3.15, with the idf of Lucene, which is never
below 0.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

#: How soon a repeated word counts no more, and how much a long document is held back.
K1, B = 1.5, 0.35


class Bm25:
    """An index over documents, each the count of its words; a count may be any weight above 0."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        lengths = [sum(counts.values()) for counts in documents]
        mean = sum(lengths) / max(len(lengths), 1) or 1.0
        self.size = len(documents)
        self._held_back = [K1 * (1 - B + B * length / mean) for length in lengths]
        self._found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for n, counts in enumerate(documents):
            for word, count in counts.items():
                self._found[word].append((n, count))

    def idf(self, word: str) -> float:
        """How much a word tells: 0 for one that is everywhere, most for one that is nowhere."""
        n = len(self._found.get(word, ()))
        return math.log(1 + (self.size - n + 0.5) / (n + 0.5))

    def __contains__(self, word: object) -> bool:
        return word in self._found

    def scores(self, word: str) -> Mapping[int, float]:
        """{document: score} of one word."""
        idf = self.idf(word)
        return {
            n: idf * count * (K1 + 1) / (count + self._held_back[n])
            for n, count in self._found.get(word, ())
        }


def counted(*fields: tuple[Sequence[str], float]) -> Counter[str]:
    """The counts of several texts together, each text with a weight: BM25's "simple" fields."""
    whole: Counter[str] = Counter()
    for words, weight in fields:
        for word in words:
            whole[word] = whole.get(word, 0) + weight  # type: ignore[assignment]
    return whole
