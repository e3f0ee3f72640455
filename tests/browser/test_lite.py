"""Lessons in a browser tab with nothing installed: built, served, run, left and come back to."""

import json
import re
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from docs.lite import LESSONS, build
from quantlab.learn.in_browser import HEADING
from quantlab.learn.reference import solution_code
from quantlab.lessons.catalogue import find, of_lesson

from .conftest import ROOT, errors, menu

PAGE = (ROOT / "docs" / "browser.md").read_text("utf-8")
#: A busy machine takes minutes for what takes seconds.
PATIENCE_MS = 600_000
#: The kernel's name and state, as JupyterLab's status bar says it.
IDLE = "Python (Pyodide) | Idle"
LESSON_01, LESSON_02 = "01_scale_and_zero_point", "02_size_and_latency"
#: What stands in the cells of lesson 02 that measure, and in those that use what was measured.
MEASURES = (
    "    computed_times,\n",
    "net.write()",
    "on_disk / int8_on_disk",
    "measure_roofline(",
    "computed_times(roofline",
    "measure_layers(",
    "row.times.low",
    "roofline_figure(",
    "row.kernels",
    "hard_swish_pair(channels",
    "quantize_net(net)",
    "side_by_side(run_fp32",
)
SOLVE_ALL = """from quantlab.learn import check
from quantlab.learn.cli import main
from quantlab.learn.reference import solution_code
from quantlab.lessons.catalogue import of_lesson
for exercise in of_lesson(2):
    exec(solution_code(exercise))
    print(check(exercise.id).heading)
main(["status"])"""
NUMBERED = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                        .filter(prompt => prompt.checkVisibility())
                        .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""


class Served:
    """What the server was asked for: failures, and the bytes that it sent."""

    def __init__(self):
        self.failed, self.bytes = [], 0

    def handler(self):
        served = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args):
                """Nothing: pytest's output is for tests."""

            def send_response(self, code, message=None):
                if code >= 400:
                    served.failed.append((code, self.path))
                super().send_response(code, message)

            def send_header(self, keyword, value):
                if keyword == "Content-Length":
                    served.bytes += int(value)
                super().send_header(keyword, value)

        return Handler


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("lite") / "site")


@pytest.fixture(scope="module")
def served():
    return Served()


@pytest.fixture(scope="module")
def address(built, served):
    handler = partial(served.handler(), directory=built.site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class Visit:
    """A page that ran lesson 01; the addresses that its browser asked for; bytes until then."""

    page: Page
    asked: list[str]
    bytes: int


@pytest.fixture(scope="module")
def visit(browser, address, served):
    """Lesson 01 as a student gets it, every cell run once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("dialog", lambda dialog: dialog.accept())  # leaves a page with a changed notebook
    open_lesson(page, address, LESSON_01)
    run_every_cell(page)
    yield Visit(page, asked, served.bytes)
    context.close()


@pytest.fixture(scope="module")
def others(browser, address):
    """The other lessons, every cell run once; all at the same time, for a page mostly waits.

    Each in a browser that was never here: JupyterLab would open the other notebooks again.
    """
    names = [name for name in LESSONS if name != LESSON_01]
    contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in names]
    pages = {name: context.new_page() for name, context in zip(names, contexts, strict=True)}
    for name, page in pages.items():
        page.set_default_timeout(PATIENCE_MS)
        page.goto(lesson(address, name), wait_until="commit")
    for page in pages.values():
        wait_until_open(page)
        menu(page, "Run", "Run All Cells")
    for page in pages.values():
        wait_until_all_ran(page)
    yield pages
    for context in contexts:
        context.close()


def lesson(address, name):
    return f"{address}/lab/index.html?path={name}/{name}.ipynb"


def open_lesson(page, address, name):
    page.goto(lesson(address, name))
    wait_until_open(page)


def wait_until_open(page):
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    wait_until_idle(page)


def wait_until_idle(page):
    page.get_by_text(IDLE).first.wait_for()


def run_every_cell(page):
    menu(page, "Run", "Run All Cells")
    wait_until_all_ran(page)


def wait_until_all_ran(page):
    page.wait_for_function(NUMBERED, timeout=PATIENCE_MS)
    wait_until_idle(page)


def code_cell(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def run_and_wait(page, cell, source=None):
    """Run one cell by keyboard, with a new source where one is given; wait for its number."""
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        """([cell, before]) => {
            const now = cell.querySelector('.jp-InputPrompt').innerText;
            return now !== before && /\\[\\d+\\]/.test(now); }""",
        arg=[cell.element_handle(), before],
    )


def test_every_cell_of_lesson_01_ran_and_nothing_is_red(visit):
    page = visit.page
    assert errors(page) == []
    cards = page.locator('section[role="status"] strong:first-child').all_inner_texts()
    assert sum(card.startswith("Not tried yet") for card in cards) == len(of_lesson(1))


def test_pictures_explorer_and_quiz_are_there(visit):
    page = visit.page
    pictures = page.locator(".jp-OutputArea-output :is(svg[role=img], img)")
    assert pictures.count() > 5
    assert all(p.get_attribute("aria-label") or p.get_attribute("alt") for p in pictures.all())
    live = code_cell(page, "explore_ruler()")
    assert "over the range −0.9 to 5" in live.inner_text()
    live.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "cell => cell.innerText.includes('over the range −0.85 to 5')", arg=live.element_handle()
    )
    quiz = code_cell(page, 'quiz("01_scale_and_zero_point")')
    kinds = [field.get_attribute("type") for field in quiz.locator("input").all()]
    assert set(kinds) == {"radio", "text", "checkbox"}


def test_an_answer_is_checked_and_kept_when_the_page_is_left(visit, address, served):
    """Last of lesson 01: the page is loaded anew."""
    page = visit.page
    exercise = find("1.2")
    run_and_wait(page, code_cell(page, f"def {exercise.answer}("), solution_code(exercise))
    card = code_cell(page, 'check("1.2")')
    run_and_wait(page, card)
    assert "Correct — 3 of 3 points" in card.inner_text()
    assert "Progress:" not in card.inner_text()  # no note that it cannot be kept

    before = served.bytes
    open_lesson(page, address, LESSON_01)
    assert served.bytes - before < visit.bytes
    cell = page.locator(".jp-CodeCell").first
    run_and_wait(page, cell, "from quantlab.learn import solution\nsolution('1.2')")
    assert "Solution — 1.2" in cell.inner_text()
    run_and_wait(page, cell, "solution('1.3')")
    assert "Not open yet — 1.3" in cell.inner_text()


@pytest.mark.parametrize("name", [name for name in LESSONS if name != LESSON_01])
def test_the_other_lessons_run_and_nothing_is_red(others, name):
    page = others[name]
    assert errors(page) == []
    assert page.locator("input[type=radio]").count() > 2


def test_lesson_02_computes_and_says_what_needs_the_installed_course(others):
    """Cell by cell: the card stands where something is measured, and nowhere else."""
    file = ROOT / "notebooks" / LESSON_02 / f"{LESSON_02}.ipynb"
    cells = [c for c in json.loads(file.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    expected = [any(text in source for text in MEASURES) for source in sources]
    assert sum(expected) == len(MEASURES)
    outputs = others[LESSON_02].locator(".jp-CodeCell .jp-Cell-outputArea").all_inner_texts()
    assert [HEADING in output for output in outputs] == expected
    said = "\n".join(outputs)
    for computed in ("bytes     1,553,664", "holds 392,256: equal", "64 bytes in FP32"):
        assert computed in said


def test_every_exercise_of_lesson_02_can_be_solved(others):
    """Last of lesson 02: its first cell is overwritten."""
    page = others[LESSON_02]
    cell = page.locator(".jp-CodeCell").first
    run_and_wait(page, cell, SOLVE_ALL)
    said = cell.inner_text()
    exercises = of_lesson(2)
    judged = [e for e in exercises if not e.rubric]
    assert said.count("Correct — ") == len(judged) == len(exercises) - 1
    assert f"Lesson 02 · {len(judged)} of {len(exercises)} done" in said
    assert re.search(r"open  2.9 75 million parameters .*yours to judge", said)
    assert "Lesson 03" not in said


def test_nothing_was_asked_of_another_host_and_nothing_failed(visit, address, served):
    ours = (address, "blob:", "data:")
    assert any(url.startswith(address) for url in visit.asked)
    assert [url for url in visit.asked if not url.startswith(ours)] == []
    assert served.failed == []


@pytest.mark.parametrize("what", ["loads {} MB", "takes {} MB", "wheel of {} kB"])
def test_the_sizes_that_the_page_says_are_right(built, visit, what):
    """Within a tenth: the course grows a little with every change."""
    sizes = (visit.bytes / 1e6, built.site_bytes / 1e6, built.wheel_bytes / 1e3)
    seen = sizes[("loads", "takes", "wheel").index(what.split()[0])]
    (said,) = re.findall(what.format(r"(\d+)"), PAGE.replace("\n", " "))
    assert int(said) == pytest.approx(seen, rel=0.1)
