"""From a text to the words it is found by: lower case, without inflection, without fillers."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Protocol

#: Letters and digits; names such as zero_point and per-channel fall into their parts.
WORD = re.compile(r"[a-zà-ÿ]+[0-9]+[a-z0-9]*|[a-zà-ÿ]{2,}|[0-9]+(?:\.[0-9]+)?")
#: British "quantise" and "normalisation" are the course's "quantize" and "normalization".
BRITISH = re.compile(r"is(?=(?:e|ed|er|es|ing|ation)s?$)")
#: Forms that no stemmer knows, and numbers in letters.
SAME = {
    form: word
    for word, forms in {
        "lose": "lost loss losses",
        "choose": "chose chosen choice",
        "keep": "kept",
        "find": "found",
        "run": "ran",
        "send": "sent",
        "write": "wrote written",
        "fall": "fell fallen",
        "hold": "held",
        "learn": "learnt",
        "show": "shown",
        "grow": "grew grown",
        "shrink": "shrank shrunk",
        "hide": "hid hidden",
        "break": "broke broken",
        "lie": "lay lies lying lain",
        "build": "built",
        "think": "thought",
        "draw": "drew drawn",
        "bad": "worse worst",
        "good": "better best",
        "axis": "axes",
        "2": "two",
        "3": "three",
        "4": "four",
        "5": "five",
        "6": "six",
        "7": "seven",
        "8": "eight",
        "16": "sixteen",
    }.items()
    for form in forms.split()
}
_FILLERS = """
a able about actually after again all also always am an and any anybody anyway are aren as at be
because been before being both but by can cannot certain could did do does doing don done each
else ever every everything exactly for from get gets getting give gives go goes going good got had
happen happens has have having he her here him his how i if in into is isn it its just kind know
let like look looks lot m made make makes many may me mean means might more most much must my need
needs no not nothing notice now of off ok on one only or other others our out over own please
possible quite re really rid s say says see seem seems set she should simply so some somebody
something sort still stuff such t take taken takes tell than that the their them then there these
they thing things this those though to too try under up us use used uses using ve very want was
way we well were what when where whether which while who why will with without wonder would yes
yet you your
"""
#: Words of a question that say nothing of what is asked.
FILLERS = frozenset(_FILLERS.split())


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


@cache
def _stemmer() -> _Stemmer:
    import snowballstemmer  # takes a moment, and only `ask` needs it

    stemmer: _Stemmer = snowballstemmer.stemmer("english")
    return stemmer


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its inflection (Snowball's English stemmer): "rounded" gives "round"."""
    return _stemmer().stemWord(word)


def words(text: str) -> list[str]:
    """The stems of a text in its order, fillers left out."""
    found = WORD.findall(text.lower())
    return [stem(SAME.get(w, BRITISH.sub("iz", w))) for w in found if w not in FILLERS]
