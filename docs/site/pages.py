"""Writes the sources of all pages: lessons, words, guides, reference. Sphinx makes HTML of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from docs.reference.pages import write_pages
from docs.site.ask_page import ask_page
from docs.site.glossary import glossary_page
from docs.site.house_picture import with_pictures
from docs.site.lesson_runs import ROOT, lesson_names
from docs.site.reading_copy import reading_copy

#: What the project says of itself, in the places where it says it: links between them hold.
GUIDES = (
    "CONTRIBUTING.md",
    "autograder/README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)
#: Below their titles in the bar at the top.
REST = ("Reference <reference/index>", "The project <README>")
MINUTES = re.compile(r"about \**(\d+) minutes")


@dataclass(frozen=True)
class Page:
    """A lesson's page: its name, its title, and the minutes that it promises."""

    name: str
    title: str
    minutes: str


def write_sources(folder: Path, runs: Mapping[str, Path], lite: Sequence[str] = ()) -> None:
    """Write every page into `folder`, which is emptied first.

    runs   lesson to its notebook with outputs; a lesson without one is shown as its text alone.
    lite   the lessons that run in a browser, in the folder lite/ of the site.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lessons").mkdir(parents=True)
    pages = []
    for name in lesson_names():
        path = runs.get(name) or ROOT / "notebooks" / name / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        pages.append(_page(name, notebook.cells[0].source))
        copy = reading_copy(notebook, name, ran=name in runs, lite=name in lite)
        nbformat.write(copy, folder / "lessons" / f"{name}.ipynb")
    for place in ("README.md", *GUIDES):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        text = with_pictures((ROOT / place).read_text("utf-8"))
        (folder / place).write_text(text, encoding="utf-8")
    for picture in (ROOT / "docs").glob("*.png"):
        shutil.copy(picture, folder / "docs")
    (folder / "reference").mkdir()
    write_pages(folder / "reference")
    _write(folder / "glossary.rst", glossary_page())
    _write(folder / "ask.md", ask_page())
    _write(folder / "index.md", _index(pages))
    _write(folder / "lessons" / "index.md", _lessons(pages))
    _write(folder / "guides.md", _guides())


def _write(path: Path, lines: Iterator[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _page(name: str, first: str) -> Page:
    title = first.partition("\n")[0].removeprefix("# ")
    minutes = MINUTES.search(" ".join(first.split()))
    return Page(name, title, minutes[1] if minutes else "")


def _index(pages: Sequence[Page]) -> Iterator[str]:
    yield "# QuantLab"
    yield ""
    yield _first_paragraph()
    yield ""
    yield from _table(pages, "lessons/")
    yield ""
    yield from _contents("lessons/index", "ask", "glossary", "guides", *REST)


def _first_paragraph() -> str:
    """What README says first."""
    _, said, *_ = (ROOT / "README.md").read_text("utf-8").split("\n\n")
    return said


def _table(pages: Sequence[Page], folder: str) -> Iterator[str]:
    yield "| lesson | minutes |"
    yield "|---|--:|"
    yield from (f"| [{page.title}]({folder}{page.name}.ipynb) | {page.minutes} |" for page in pages)


def _lessons(pages: Sequence[Page]) -> Iterator[str]:
    yield "# Lessons"
    yield ""
    yield from _table(pages, "")
    yield ""
    yield from _contents(*(page.name for page in pages))


def _guides() -> Iterator[str]:
    yield "# Guides"
    yield ""
    yield from ("```{toctree}", ":maxdepth: 1", "", *GUIDES, "```")


def _contents(*names: str) -> Iterator[str]:
    yield from ("```{toctree}", ":hidden:", "", *names, "```")
