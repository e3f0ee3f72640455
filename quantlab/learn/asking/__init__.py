"""`ask("…")`: a question about the course, and the passages of it that answer.

No network, no key, no model: BM25 over the lessons' text, their glossary, and a table of synonyms.
"""

from __future__ import annotations

from quantlab.learn.asking.answer import Answer
from quantlab.learn.asking.course_text import course_text
from quantlab.learn.asking.index import course_index
from quantlab.learn.asking.words import words

#: A question of more characters is cut: nobody asks a page.
LONGEST = 1000


def ask(question: str) -> Answer:
    """The three passages of the course that fit a question best.

    Parameters
    ----------
    question : str
        In English, in your own words: "Why is the zero_point not clamped?"

    Returns
    -------
    Answer
        Shows itself in a notebook, with links, and as text; `to_dict()` gives plain data. Where
        nothing fits it says so and names what the course covers. It never holds a solution or a
        hint: these are not in the text that is searched.

    Source of the method: BM25 (Robertson and Zaragoza 2009), see `bm25`.
    """
    if not isinstance(question, str) or not words(question):
        return Answer("", note='Ask in words, such as ask("Why is the zero_point not clamped?").')
    said = " ".join(question.split())[:LONGEST]
    found = course_index().find(said)
    return Answer(said, found, () if found.fits else course_text().titles)
