"""The reading site as a reader has it: whole, by itself, fit for everybody, and no answer in it.

It is built once, with these lessons run and the others as text: an answer, a word or a link may
stand in any of them.
"""

from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml

from docs.site.__main__ import build
from docs.site.ask_page import section_link
from docs.site.glossary import terms
from docs.site.lesson_runs import ROOT, lesson_names
from quantlab.learn.asking import ask
from quantlab.learn.asking.index import course_index
from quantlab.numerics import MinMaxObserver
from tests.support.axe import violations
from tests.support.motion import moving
from tests.support.told import secrets, told

RUN = ("00_start_here", "01_scale_and_zero_point")
#: One page of each kind, and those that have been run.
KINDS = (
    *("index.html", "lessons/index.html", "glossary.html", "guides.html", "README.html"),
    *("docs/architecture.html", "reference/numerics.html"),
    *("search.html?q=scale", "ask.html?question=Why+is+the+zero_point+not+clamped"),
    *(f"lessons/{name}.html" for name in RUN),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, made without anything that the next Sphinx removes."""
    ours = (f"docs.site.{path.stem}" for path in (ROOT / "docs" / "site").glob("*.py"))
    refused = ",".join(f"error::PendingDeprecationWarning:{module}" for module in ours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONWARNINGS", refused)
        return build(RUN, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def pages(site):
    """Each page's HTML by its path in the site."""
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
    return {name: path.read_text("utf-8") for name, path in found.items()}


@pytest.fixture(scope="module")
def address(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *said):
            """A page asks for a dozen files."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


# What stands in it


def test_there_is_a_page_for_everything(pages):
    assert {f"lessons/{name}.html" for name in lesson_names()} <= pages.keys()
    guides = (path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md"))
    assert {path.as_posix() for path in guides} <= pages.keys()
    assert {"reference/index.html", "autograder/README.html", "CONTRIBUTING.html"} <= pages.keys()
    for name in RUN:
        assert "ran once, without an answer" in pages[f"lessons/{name}.html"]
    assert 'alt="Number line from' in pages["lessons/01_scale_and_zero_point.html"]
    assert "have not been run" in pages["lessons/03_per_channel.html"]


def test_what_is_of_one_learner_or_one_machine_is_left_out(pages):
    ran = ("lessons/", "reference/")  # a guide may name a path
    for name, html in ((name, html) for name, html in pages.items() if name.startswith(ran)):
        for personal in (str(ROOT), str(Path.home()), "/tmp/", "Not tried yet", "progress.db"):
            assert personal not in html, name
        assert "widget-view" not in html, name


def test_who_builds_it_has_the_same_library_afterwards(site):
    assert repr(MinMaxObserver()) == "MinMaxObserver()"  # reads the signature that Sphinx marks


def test_no_page_and_no_index_answers_an_exercise(site):
    assert len(secrets()) > 2500
    assert told(site) == []


class Names(HTMLParser):
    """The addresses that a page points to, and the names of its own places."""

    def __init__(self, html):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.ids.add(said.get("id"))
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])


def test_every_link_leads_somewhere(site, pages):
    read = {name: Names(html) for name, html in pages.items()}
    dead = []
    for name, page in read.items():
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            file, place = urldefrag(link)
            target = (site / name).parent / unquote(file) if file else site / name
            there = target.resolve().relative_to(site).as_posix()
            if not target.is_file() or (place and unquote(place) not in read[there].ids):
                dead.append(f"{name}: {link}")
    assert dead == []


def test_every_section_that_an_answer_may_name_is_there(pages):
    for passage in course_index().passages:
        file, place = urldefrag(section_link(passage))
        assert f'id="{place}"' in pages[file], passage.heading


def test_the_words_of_a_lesson_lead_to_the_glossary(pages):
    links = Names(pages["lessons/02_size_and_latency.html"]).links
    words = {link for link in links if link.startswith("../glossary.html#term-")}
    assert {f"../glossary.html#term-{word}" for word in ("scale", "roofline", "ridge")} <= words
    assert "../glossary.html#term-observer" not in words  # lesson 04 says what that is
    glossary = Names(pages["glossary.html"])
    assert "lessons/02_size_and_latency.html" in glossary.links
    assert len([name for name in glossary.ids if name and name.startswith("term-")]) == len(terms())


# How it looks and what it asks for


@pytest.fixture
def asked(page, address):
    """What the page has asked for and did not get, and what it asked of others."""
    wrong = []

    def look(response):
        if response.status >= 400:
            wrong.append(f"{response.status} {response.url}")

    def where(request):
        if not request.url.startswith((address, "data:")):
            wrong.append(f"elsewhere: {request.url}")

    page.on("response", look)
    page.on("request", where)
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    return wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_read_it_and_it_asks_nobody_else(page, address, asked, theme):
    page.emulate_media(color_scheme=theme)
    for name in KINDS:
        page.goto(address + name)
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("data-theme") == theme
        assert violations(page) == [], name
    assert asked == []


def test_nothing_moves_for_a_reader_who_wants_no_motion(page, address):
    for name in KINDS:
        page.goto(address + name)
        page.wait_for_load_state("networkidle")
        assert moving(page) == [], name


def test_a_phone_shows_every_page_without_moving_it_sideways(page, address, pages):
    page.set_viewport_size({"width": 390, "height": 844})
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    moved = []
    for name in pages:
        page.goto(address + name)
        if page.evaluate(wide):
            moved.append(name)
    assert moved == []


def test_the_search_finds_a_lesson_by_its_text(page, address):
    page.goto(f"{address}search.html?q=saturate")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    assert any("lessons/01_scale" in link.get_attribute("href") for link in found.all())


ANSWERS = """questions => {
  const course = new Course(window.quantlabCourse);
  return questions.map(question => {
    const {fits, entry, hits} = course.find(question);
    const passages = hits.map(hit => ({...hit, excerpt: cut(hit.excerpt, course.weights.EXCERPT)}));
    return {fits, entry: entry && entry.term, passages};
  });
}"""


def questions():
    """Every question of the benchmark, also those that the course does not answer."""
    file = ROOT / "benchmarks" / "ask_questions.yaml"
    return [*asked_in(yaml.safe_load(file.read_text(encoding="utf-8")))]


def asked_in(node):
    if isinstance(node, str):
        yield node
    elif "ask" in node:
        yield node["ask"]
    else:
        for part in node.values() if isinstance(node, dict) else node:
            yield from asked_in(part)


def test_the_page_answers_as_python_does(page, address):
    asked = [*questions(), "calibraton of actviations", "Symetric or asymetric, a zeropoint?"]
    assert len(asked) > 150
    page.goto(f"{address}ask.html")
    for question, got in zip(asked, page.evaluate(ANSWERS, asked), strict=True):
        said = ask(question).to_dict()
        assert got["fits"] == said["fits"], question
        assert got["entry"] == (said["entry"] and said["entry"]["term"]), question
        for here, there in zip(got["passages"], said["passages"], strict=True):
            # Both sum the same numbers; Python shows them with two digits.
            assert here["score"] == pytest.approx(there["score"], abs=0.0051), question
            for name in ("title", "heading", "excerpt"):
                assert here[name] == there[name], question


def test_a_reader_asks_and_follows_a_link(page, address):
    page.goto(f"{address}ask.html")
    page.get_by_label("Your question").fill("What is a scale?")
    page.keyboard.press("Enter")
    page.locator("#ql-answer li a").first.click()
    page.wait_for_url("**/lessons/*.html#*")
    assert page.evaluate("document.querySelector(':target') !== null")
    page.goto(f"{address}ask.html?question=How+do+I+cook+an+egg%3F")
    assert page.locator("#ql-answer p").inner_text().startswith("Nothing in the course fits")
