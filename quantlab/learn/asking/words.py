"""From a text to the words it is found by: lower case, without inflection, without fillers."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Protocol

from quantlab.learn.asking.course_text import course_text

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
a able about actually after again all also altogether always am an analysis and any anybody anyhow
anymore anyone anyway anywhere apparently are aren as ask asked asking at basically be because been
before being both but by called came can cannot cant certain come comes coming correctly could
couldn couple currently dear despite did didn do does doesnt doing don done dont during each else
entire entirely etc ever every everyone everything everywhere exactly folks for forever from gave
get gets getting give given gives giving go goes going good got guess guys had happen happens has
hasn have haven having he hello help hence her here hey hi him his how however i id if im in instead
into is isn isnt it its itself ive just kind know let like look looking looks lot m made make makes
many may maybe me mean means might mine more most much must my nearly need needed needs no nobody
not nothing notice now nowhere of off ok on one only or other others otherwise our ours out over own
perhaps please possible possibly press probably properly quickly quite rather re really recently rid
s say says see seem seems set she should shouldn simply since so some somebody somehow someone
something somewhat sort still stuff such suddenly super supposed t take taken takes taking tell
tells than thank thanks that the their them then there therefore these they thing things this those
though thus to today told tomorrow too tried try trying under unless up upon us use used uses using
ve versus very vs want wanted wants was wasn way we well went were weren what whatever when whenever
where whether which while who whole whose why will wise with without won wonder wont would wouldn
yes yesterday yet you your
"""
#: Words of a question that say nothing of what is asked.
FILLERS = frozenset(_FILLERS.split())


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


@cache
def _stemmer() -> _Stemmer:
    import snowballstemmer  # takes a moment, and only a word that is new to the course needs it

    stemmer: _Stemmer = snowballstemmer.stemmer("english")
    return stemmer


@lru_cache(maxsize=20_000)
def stem_of(form: str) -> str:
    """A word without its inflection (Snowball's English stemmer): "rounded" gives "round"."""
    return _stemmer().stemWord(form)


def forms(text: str) -> list[str]:
    """The words of a text in its order, fillers left out; what no stemmer knows is set right."""
    found = WORD.findall(text.lower())
    return [SAME.get(word) or BRITISH.sub("iz", word) for word in found if word not in FILLERS]


def words(text: str) -> list[str]:
    """The stems of a text in its order. Those of the course's own words came with its text."""
    known = course_text().stems
    return [known.get(form) or stem_of(form) for form in forms(text)]
