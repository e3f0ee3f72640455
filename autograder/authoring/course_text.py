"""The text of the course in one file, for `ask`: what stands in the students' notebooks, and words.

Only prose goes in, section by section, and each lesson's terms. Code cells do not, so no solution
can; hints and feedback stand in no notebook.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import nbformat
import yaml

from quantlab.learn.asking.course_text import key_of
from quantlab.learn.asking.query import PART, SYNONYMS
from quantlab.learn.asking.words import forms, stem_of
from quantlab.lessons.catalogue import lesson_of

#: What the file is called; `quantlab/learn/asking` reads it.
COURSE_TEXT = "course_text.json"
#: {section: what learners ask that it answers}, in their own words.
ASKED_AS = SYNONYMS.with_name("asked_as.yaml")

HEADING = re.compile(r"^#{1,4} +(.+?) *$", re.M)
#: A page of HTML in a cell, a figure for one, is no prose.
MARKUP = re.compile(r"<[^>\n]+>")
#: What a page folds away is a way to do it, which a learner opens on purpose.
FOLDED = re.compile(r"<details>.*?</details>", re.S)
BLANK = re.compile(r"\n\s*\n")
#: A line end that begins no item, row or quotation only breaks a long line.
SOFT = re.compile(r"\n(?![-*|>] |\||\d+\. )\s*")
MARKS = re.compile(r"^(?:[-*>]|\d+\.) +")
RULE = re.compile(r"^\|[-|: ]+\|$")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
#: One star on each side, as no product and no keyword argument has them.
EMPHASIS = re.compile(r"(?<![*\w`])\*([^*`\s][^*`]*)\*(?![*\w`])")
BOX = "difficulty ●"
BETWEEN = "\n\n"


def write_course_text(notebooks: Path, path: Path) -> None:
    """Write the text of every notebook under `notebooks` to `path`: the same bytes every time."""
    asked_as = yaml.safe_load(ASKED_AS.read_text(encoding="utf-8"))
    files = sorted(notebooks.glob("*/*.ipynb"))
    pages = [page for file in files if (page := _page(file, asked_as))["passages"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"pages": pages, "stems": _stems(pages)}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _stems(pages: list[dict[str, Any]]) -> dict[str, str]:
    """{stem: its forms}, of the pages and of the synonyms that a question is asked with."""
    texts = [SYNONYMS.read_text(encoding="utf-8")]
    for page in pages:
        texts += [f"{p['heading']} {' '.join(p['paragraphs'])}" for p in page["passages"]]
        asked = [text for p in page["passages"] for text in p["asked_as"]]
        texts += [*asked, *(PART.sub(" ", text) for text in asked)]
        texts += [f"{t['term']} {t['means']}" for t in page["terms"]]
    found: dict[str, list[str]] = {}
    for form in sorted({form for text in texts for form in forms(text)}):
        found.setdefault(stem_of(form), []).append(form)
    return {stem: " ".join(found[stem]) for stem in sorted(found)}


def _page(file: Path, asked_as: dict[str, list[str]]) -> dict[str, Any]:
    notebook = nbformat.read(file, as_version=4)
    cells = [c for c in notebook.cells if c.cell_type == "markdown"]
    starts = list(accumulate((len(cell.source) + len(BETWEEN) for cell in cells), initial=0))
    room = lesson_of(file.stem)
    return {
        "notebook": file.stem,
        "passages": [
            {
                "heading": h,
                "cell": cells[bisect(starts, at) - 1].id,
                "paragraphs": p,
                "asked_as": asked_as.get(key_of(file.stem, h), []),
            }
            for h, p, at in sections(BETWEEN.join(cell.source for cell in cells))
        ],
        "terms": [{"term": t.term, "means": t.means} for t in (room.glossary if room else ())],
    }


def sections(prose: str) -> Iterator[tuple[str, list[str], int]]:
    """(heading, paragraphs, place) of each section of a Markdown text that has a text of its own.

    A section ends where the next heading stands, of whatever level. An item of a list and a row of
    a table are paragraphs too; an exercise's line of facts is none.
    """
    # As long as before, so that every place stays where it was.
    prose = FOLDED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), prose)
    found = list(HEADING.finditer(prose))
    ends = [match.start() for match in found[1:]] + [len(prose)]
    for match, end in zip(found, ends, strict=True):
        paragraphs = list(_paragraphs(MARKUP.sub("", prose[match.end() : end])))
        if paragraphs:
            yield match[1].replace("*", "").replace("`", ""), paragraphs, match.start()


def _paragraphs(text: str) -> Iterator[str]:
    for block in BLANK.split(text.strip()):
        if block.startswith("```"):
            yield "\n".join(block.splitlines()[1:-1])
            continue
        for line in SOFT.sub(" ", block).splitlines():
            if not RULE.match(line):
                plain = EMPHASIS.sub(r"\1", LINK.sub(r"\1", MARKS.sub("", line)))
                if plain.startswith("|"):
                    plain = " · ".join(cell.strip() for cell in plain.strip("| ").split("|"))
                if plain.strip() and not plain.startswith(BOX):
                    yield plain.strip()
