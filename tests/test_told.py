"""What looks for answers in the site finds one that is planted, wherever and however it stands."""

import json
from html import escape

import pytest

from docs.site.ask_page import DATA
from quantlab.teach.source import REGION
from tests.support import told as looking
from tests.support.told import ROOT, SEARCH, bare, lines_of, told

LESSON = "01_scale_and_zero_point"
PAGE = f"lessons/{LESSON}.html"
#: Turned, marked or escaped on the way into a page: quotes, dashes, code, signs of comparison.
HINT = "It's `x < 1` -- isn't it? Then **clamp** \"first\" ..."
SHOWN = (
    "It\u2019s <code>x &lt; 1</code> \u2013 isn\u2019t it? Then <strong>clamp</strong>\n"
    "\u201cfirst\u201d \u2026"
)


@pytest.fixture(scope="module")
def line():
    """A line of a reference solution."""
    source = (ROOT / "solutions" / LESSON / f"{LESSON}.py").read_text("utf-8")
    return next(line for region in REGION.findall(source) for line in lines_of(region))


@pytest.fixture
def site(tmp_path, monkeypatch, line):
    """A site of one page with all that a real one has, and no answer in it."""
    monkeypatch.setattr(looking, "secrets", lambda: {bare(x): x for x in (line, HINT)})
    (tmp_path / "lessons").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / PAGE).write_text("<main><h1>A ruler</h1><p>Energy of rulers</p></main>", "utf-8")
    (tmp_path / "_static" / DATA).write_text('window.quantlabCourse = {"sections": []};\n')
    index = {"docnames": [PAGE.removesuffix(".html")], "alltitles": {"A ruler": [[0, "a-ruler"]]}}
    terms = {"terms": {"energi": 0, "ruler": [0]}, "titleterms": {"ruler": 0}}
    write_index(tmp_path, index | terms)
    assert told(tmp_path) == []
    return tmp_path


def write_index(site, index):
    (site / SEARCH).write_text(f"Search.setIndex({json.dumps(index)})", "utf-8")


def index_of(site):
    return json.loads((site / SEARCH).read_text("utf-8")[len("Search.setIndex(") : -1])


def plant(file, html):
    file.write_text(file.read_text("utf-8").replace("</main>", f"{html}</main>"), "utf-8")


def marked(line):
    """As a page shows code: each word with a mark of its own."""
    return "<pre>" + " ".join(f"<span>{escape(x)}</span>" for x in line.split(" ")) + "\n</pre>"


@pytest.mark.parametrize("how", [marked, lambda line: f'<img alt="{escape(line)}">'])
def test_a_solution_in_a_page_is_found(site, line, how):
    plant(site / PAGE, how(line))
    assert told(site) == [(PAGE, line)]


def test_a_hint_is_found_as_prose_shows_it(site):
    plant(site / PAGE, f"<p>{SHOWN}</p>")
    assert told(site) == [(PAGE, HINT)]


def test_an_answer_in_the_data_of_ask_is_found(site, line):
    data = {"sections": [{"heading": "Rulers", "paragraphs": ["A ruler.", line, HINT]}]}
    (site / "_static" / DATA).write_text(f"window.quantlabCourse = {json.dumps(data)};\n")
    assert told(site) == [(f"_static/{DATA}", line), (f"_static/{DATA}", HINT)]


def test_an_answer_in_a_title_of_the_search_index_is_found(site, line):
    index = index_of(site)
    write_index(site, index | {"alltitles": {line: [[0, "x"]]}})
    assert told(site) == [(SEARCH, line)]


@pytest.mark.parametrize("where", ["terms", "titleterms"])
def test_a_word_that_only_the_search_index_has_is_found(site, where):
    index = index_of(site)
    index[where]["nudg"] = [0]
    write_index(site, index)
    assert told(site) == [(SEARCH, "nudg")]


def test_a_line_of_the_library_is_open_in_the_reference_alone(site, line, monkeypatch):
    monkeypatch.setattr(looking, "library", lambda: bare(line))
    (site / "reference").mkdir()
    (site / "reference" / "numerics.html").write_text(marked(line), "utf-8")
    assert told(site) == []
    plant(site / PAGE, marked(line))
    assert told(site) == [(PAGE, line)]
