"""Finds an answer to an exercise in what a site hands out: in a page, the search index, any data.

A line of an answer looks different from place to place: a page breaks it and marks its words, turns
quotes and dashes, and shows prose without its marks; a script escapes it. `bare` takes all of that
off both sides. The search index knows no lines, only which words a page has: there a word counts
that the page itself does not show.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.alternatives import alternatives_of
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import all_exercises
from quantlab.teach.source import REGION

ROOT = course_root()
SEARCH = "searchindex.js"
#: A shorter line of code is not an answer by itself.
TELLING = 16
#: What prose is marked with, what a page turns, and blanks: lines break differently there.
MARKS = re.compile(r"[\s`*\"'\u2018\u2019\u201c\u201d]+")
DASHES = re.compile("\u2013|\u2014|--+")
#: A stem keeps all letters of its word but the last ones, and may turn two of those.
TURNED = 2


def bare(text: str) -> str:
    """The text without what changes on its way into a page."""
    return DASHES.sub("-", MARKS.sub("", text)).replace("\u2026", "...")


def lines_of(code: str) -> Iterator[str]:
    """The lines of some code that say something."""
    lines = (line.strip() for line in code.splitlines())
    return (x for x in lines if len(x) >= TELLING and not x.startswith(("import ", "from ")))


def body_of(function: Callable[..., Any]) -> str:
    """What a function does, its head and its docstring left out."""
    source = inspect.getsource(function)
    return source.partition('"""')[2].partition('"""')[2] or source.partition(":\n")[2]


def lesson_folders() -> list[Path]:
    """The folder of each lesson's source."""
    return sorted(path.parent for path in (ROOT / "solutions").glob("*/*.py"))


def answers() -> Iterator[str]:
    """Every line that answers an exercise or is wrong on purpose, and every last hint."""
    for folder in dict.fromkeys(lesson_folders()):
        source = (folder / f"{folder.name}.py").read_text("utf-8")
        for region in REGION.findall(source):
            yield from lines_of(region)
        for written in alternatives_of(folder).values():
            for answer in written:
                yield from lines_of(body_of(answer))
    for exercise in all_exercises():
        yield exercise.hints[-1]
        yield from (band.model_answer for band in exercise.rubric)
        yield from (known.question for known in exercise.misconceptions)
        for function in (exercise.oracle, *(m.wrong for m in exercise.misconceptions)):
            if function is not None:
                yield from lines_of(body_of(function))


@cache
def secrets() -> dict[str, str]:
    """Every line, by its bare form, that answers and that no student copy shows anyway."""
    copies = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
    cells = [cell.source for path in copies for cell in nbformat.read(path, as_version=4).cells]
    given = bare("".join(cells))
    return {bare(line): line for line in answers() if bare(line) not in given}


@cache
def library() -> str:
    """What help() may say: the bare text of quantlab, its lessons left out."""
    rooms = (path for path in (ROOT / "quantlab").rglob("*.py") if "lessons" not in path.parts)
    return bare("".join(path.read_text("utf-8") for path in rooms))


def told(site: Path) -> list[tuple[str, str]]:
    """(file, line) of each answer that stands in a text file of the site, and (index, word) of each
    word that the search index knows of a page without the page showing it."""
    found = []
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".js", ".json", ".txt", ".svg"):
            name = path.relative_to(site).as_posix()
            text = bare(words_in(path))
            lines = [line for plain, line in secrets().items() if plain in text]
            # The reference says what help() says: a line of the library is no secret there.
            open_there = library() if name.startswith("reference/") else ""
            found += [(name, line) for line in lines if bare(line) not in open_there]
    return found + [(SEARCH, word) for word in only_in_the_index(site)]


def words_in(file: Path) -> str:
    """What a file says: a page with and without its marks, a script with its data's strings."""
    text = file.read_text("utf-8")
    if file.suffix == ".html":
        return f"{shown_by(text)} {unescape(text)}"
    data = re.search(r"[({\[].*[)}\]]", text, re.S) if file.suffix in (".js", ".json") else None
    try:
        return f"{text} {strings_of(json.loads(data[0].strip('()')))}" if data else text
    except ValueError:  # a script that is no data
        return text


def shown_by(html: str) -> str:
    """What a page shows, its marks left out."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def strings_of(data: Any) -> str:
    """All strings and keys of some plain data."""
    if isinstance(data, dict):
        return " ".join(f"{key} {strings_of(value)}" for key, value in data.items())
    return " ".join(map(strings_of, data)) if isinstance(data, list) else str(data)


def only_in_the_index(site: Path) -> list[str]:
    """Words that the search index knows of a page, and that the page does not show."""
    text = (site / SEARCH).read_text("utf-8")
    index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    files = [site / f"{name}.html" for name in index["docnames"]]
    shown = [bare(words_in(file)).lower() for file in files]
    known = (*index["terms"].items(), *index["titleterms"].items())
    return sorted(
        word
        for word, pages in known
        for page in ([pages] if isinstance(pages, int) else pages)
        if bare(word.lower())[: max(len(word) - TURNED, 1)] not in shown[page]
    )
