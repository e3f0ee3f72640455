"""The text of the course as it is installed: its sections and its words.

`course_text.json` is built from the students' notebooks by `autograder build`, so it holds no
solution, no hint and no key. The stems of its words are in it too: to find them takes longer than
to read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: What every lesson's headings have, and what says nothing of the section below.
FRAME = re.compile(
    r"^(?:\d+ · |(?:Exercise|Step) [\d.]+ · |Lesson \d\d · "
    r"|(?:Break it|Explore|The idea|Self-check)(?:: |$)"
    r"|By hand(?:: |, small enough for paper)|Measure the problem first|In your own words"
    r"|What you have, and what it is not|A plan that is carried out)"
)


@dataclass(frozen=True)
class Passage:
    """A section of a notebook.

    notebook    its name, "01_scale_and_zero_point"; `title` is its first heading.
    heading     of the section, without Markdown.
    paragraphs  in order; an item of a list and a row of a table are one each.
    cell        the id of the cell that holds the heading.
    asked_as    questions in learners' words that it answers: looked in, never shown.
    """

    notebook: str
    title: str
    heading: str
    paragraphs: tuple[str, ...]
    cell: str = ""
    asked_as: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """What the heading says of this section alone."""
        return FRAME.sub("", FRAME.sub("", self.heading))

    @property
    def key(self) -> str:
        """What the files that speak of sections call it: "01 Break it"."""
        return key_of(self.notebook, self.heading)

    @property
    def place(self) -> str:
        """Lesson and heading in one line."""
        return self.title if self.heading == self.title else f"{self.title} · {self.heading}"

    @property
    def link(self) -> str:
        """From a notebook of the course to this section's cell.

        By the cell and not by the heading: JupyterLab finds none that has a "·" or an "é" in it.
        """
        return f"../{self.notebook}/{self.notebook}.ipynb#cell-id={self.cell}"


@dataclass(frozen=True)
class Entry:
    """A word of the glossary, and the notebook that defines it."""

    term: str
    means: str
    notebook: str
    title: str


@dataclass(frozen=True)
class CourseText:
    """All sections and all words, in the course's order.

    stems   of every form that the course and its synonyms have: {"rounded": "round"}.
    """

    passages: tuple[Passage, ...]
    entries: tuple[Entry, ...]
    stems: Mapping[str, str]

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the lessons and pages."""
        return tuple(dict.fromkeys(passage.title for passage in self.passages))


def key_of(notebook: str, heading: str) -> str:
    """A lesson's number, or the name of a page that is no lesson, and a heading."""
    number = notebook[:2]
    return f"{number if number.isdigit() else notebook} {heading}"


@cache
def course_text() -> CourseText:
    """The text that came with this copy of the course."""
    file = Path(__file__).with_name("course_text.json")
    whole = json.loads(file.read_text(encoding="utf-8"))
    passages, entries = [], []
    for page in whole["pages"]:
        name, title = page["notebook"], page["passages"][0]["heading"]
        passages += [
            Passage(
                name,
                title,
                section["heading"],
                tuple(section["paragraphs"]),
                section["cell"],
                tuple(section["asked_as"]),
            )
            for section in page["passages"]
        ]
        entries += [Entry(term["term"], term["means"], name, title) for term in page["terms"]]
    stems = {form: stem for stem, forms in whole["stems"].items() for form in forms.split()}
    return CourseText(tuple(passages), tuple(entries), stems)
