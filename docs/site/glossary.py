"""The words of all lessons on one page, each with what every lesson says of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from quantlab.learn.asking.course_text import Entry, course_text


@cache
def terms() -> dict[str, tuple[Entry, ...]]:
    """Each term to its entries, in alphabetical order; a lesson may say more of another's word."""
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in sorted(course_text().entries, key=lambda entry: entry.term.casefold()):
        found[entry.term] = (*found.get(entry.term, ()), entry)
    return found


def forms(lesson: str) -> dict[str, str]:
    """What may stand in a text, in lower case, to its term: "tick" and "step" to "tick, step".

    Only the words that this lesson or one before it defines: before that "kernel" is any kernel.
    """
    known = [term for term, (first, *_) in terms().items() if first.notebook <= lesson]
    return {form.lower(): term for term in known for form in term.split(", ")}


def glossary_page() -> Iterator[str]:
    """The lines of the page, in reStructuredText."""
    yield from ("Glossary", "========", "")
    yield "The words of the course. Each says which lesson it comes from."
    yield from ("", ".. glossary::", "")
    for term, entries in terms().items():
        yield f"   {term}"
        for entry in entries:
            yield f"      {_code(entry.means)} :doc:`{entry.title} <lessons/{entry.notebook}>`"
            yield ""


def _code(text: str) -> str:
    """Markdown's code marks as those of reStructuredText."""
    return text.replace("`", "``")
