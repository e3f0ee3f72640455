"""`ask` as a page: what the course says and how it is weighed, for docs/site/static/ask.js.

Every number, word and pattern that decides an answer comes from `quantlab.learn.asking`; the script
adds up as `CourseIndex` does. A test asks both the same questions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from docutils.nodes import make_id

from quantlab.learn.asking import answer, bm25, index, query
from quantlab.learn.asking.course_text import Entry, Passage, course_text
from quantlab.learn.asking.words import BRITISH, FILLERS, SAME, WORD, words

#: The file in the site's static folder.
DATA = "ask-data.js"
#: What a section, a weight or a pattern is called over there, by its name here.
NUMBERS = {
    index: (
        *("HEADING", "ASKED_AS", "LESSON", "PARAGRAPH", "PAIR", "DEFINED", "WHOLE", "FITS"),
        *("STRENGTH", "UNKNOWN_NAME", "ENTRY_FITS", "SHOWN"),
    ),
    query: ("SYNONYM", "LETTERS"),
    bm25: ("K1", "B"),
    answer: ("EXCERPT", "NOTHING"),
}
PATTERNS = {
    **{"WORD": WORD, "BRITISH": BRITISH},
    **{name: getattr(query, name) for name in ("NAME", "PART", "SPELLED", "LONG")},
}


def ask_data() -> str:
    """A script that hands the data over; a file that is fetched would not open from a disk."""
    course = index.course_index()
    data = {
        "weights": {name: getattr(room, name) for room, names in NUMBERS.items() for name in names},
        "patterns": {name: known.pattern for name, known in PATTERNS.items()},
        "same": SAME,
        "fillers": sorted(FILLERS),
        "stems": course_text().stems,
        "synonyms": {" ".join(said): beside for said, beside in query.synonyms().items()},
        "titles": course_text().titles,
        "sections": [
            _section(passage) | {"asked_as": stems}
            for passage, stems in zip(course.passages, course.asked_as, strict=True)
        ],
        "defined": [[sorted(stems), n] for stems, n in course.defined],
        "entries": [_entry(entry) for entry in course.entries],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"window.quantlabCourse = {text};\n"


def _section(passage: Passage) -> dict[str, Any]:
    return {
        "lesson": passage.notebook,
        "title": passage.title,
        "heading": passage.heading,
        "link": section_link(passage),
        "standing": index.standing(passage),
        "topic": words(passage.topic),
        "paragraphs": passage.paragraphs,
        "words": [words(text) for text in passage.paragraphs],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "term": entry.term,
        "means": entry.means,
        "terms": [sorted(stems) for stems in index.stems_of(entry)],
    }


def section_link(passage: Passage) -> str:
    """From the site's root to a section, as docutils names it."""
    return f"lessons/{passage.notebook}.html#{make_id(passage.heading)}"


def ask_page() -> Iterator[str]:
    """The lines of the page, in Markdown."""
    yield "# Ask the course"
    yield ""
    yield "A question in English and in your own words. The answer is made in this page, from the"
    yield "text of the lessons: nothing is sent anywhere, and no solution is in what it searches."
    yield ""
    yield '<form id="ql-ask" role="search">'
    yield '<label for="ql-question">Your question</label>'
    yield '<input id="ql-question" name="question" type="search" class="form-control">'
    yield '<button type="submit" class="btn btn-primary">Ask</button>'
    yield "</form>"
    yield '<div id="ql-answer" aria-live="polite"></div>'
    yield "<noscript><p>This page needs scripts. In a terminal: <code>quantlab ask</code>.</p>"
    yield "</noscript>"
    yield f'<script src="_static/{DATA}" defer></script>'
    for script in ("base-stemmer.js", "english-stemmer.js", "bm25.js", "ask.js"):
        yield f'<script src="_static/{script}" defer></script>'
