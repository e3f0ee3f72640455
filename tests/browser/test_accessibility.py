"""What the course shows in JupyterLab: by keyboard, by screen reader, in light and in dark."""

import io

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from quantlab.base.palette import PAPER
from quantlab.base.table import Column, Table
from quantlab.learn.record.page import html_page
from tests.support.axe import violations
from tests.support.contrast import ENOUGH, ratio, rgb, turned

from .conftest import (
    PATIENCE_MS,
    THEMES,
    broken_rules,
    choose_theme,
    end_kernels,
    errors,
    open_notebook,
    run_all,
    run_cell,
    widen,
)

NAME = "accessibility"
#: One of each thing that the course puts under a cell.
CELLS = (
    """import numpy as np
from matplotlib import pyplot
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.learn import ask, check, hint, i_can, predict, quiz, solution
from quantlab.lessons.lesson_01 import explore_ruler
from quantlab.teach.pictures import byte_bars, heat_map
from quantlab.teach.pictures.figure import show, style

def symmetric_scale(w):
    return float(np.abs(w).max()) / 128""",
    "explore_ruler()",
    'predict("2.a")',
    'i_can("quick_test")',
    'quiz("quick_test")',
    'check("1.6")',
    "def symmetric_scale(w):\n    return float(np.abs(w).max()) / 127",
    'check("1.6")  # again',
    'hint("1.6")',
    'solution("1.6", anyway=True)',
    'ask("Why is the zero_point not clamped?")',
    'byte_bars({"FP32": {"weights": 400}, "INT8": {"weights": 100, "scales": 60, "biases": 80}})',
    'heat_map({"w": np.linspace(-2, 2, 30).reshape(5, 6)})',
    """style()
fig, axes = pyplot.subplots()
axes.plot([1, 2, 3], [2, 4, 8], label="power")
axes.set(xlabel="bits", ylabel="ticks", title="Ticks of a ruler")
show(fig, alt="Ticks of a ruler: each bit doubles them")""",
    """fig, axes = pyplot.subplots(figsize=(4, 2))
axes.imshow(np.full((8, 8, 3), (10, 200, 30), np.uint8))
axes.set_title("A photograph")
show(fig, alt="A square that is green everywhere")""",
    """Listing("A table", Table((Column("layer", "name"), Column("error", "e", ".2f")),
        ({"name": "stem", "e": 0.25}, {"name": "head", "e": 1.5})), ("A note below.",))""",
)
#: What has controls, and how many of them a person gets to at least.
WIDGETS = (("explore_ruler()", 5), ('predict("2.a")', 3), ("i_can(", 3), ("quiz(", 10))
#: What JupyterLab does on these: cell above, below, cut, undo, markdown, code, delete, restart.
KEYS = ("a", "b", "x", "z", "m", "y", "d", "d", "0", "0")


@pytest.fixture(scope="module")
def page(browser, classroom):
    folder, address = classroom
    place = folder / "notebooks" / NAME
    place.mkdir()
    write_notebook(place / f"{NAME}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    open_notebook(page, address, NAME)
    run_all(page)
    assert errors(page) == []
    yield page
    page.close()
    end_kernels(address)


def write_notebook(path):
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [new_code_cell(source) for source in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.fixture(params=THEMES, ids=("light", "dark"))
def theme(page, request):
    choose_theme(page, request.param)
    yield request.param
    choose_theme(page, THEMES[0])


def cell_with(page, text: str):
    return page.locator(".jp-CodeCell", has_text=text).last


def test_no_rule_of_wcag_is_broken(page, theme):
    assert broken_rules(page) == []


def test_letters_that_are_too_faint_would_be_seen(page):
    card = cell_with(page, "# again").locator("section p").last
    card.evaluate("e => {e.style.color = 'var(--jp-border-color2)'}")
    said = broken_rules(page)
    card.evaluate("e => {e.style.color = ''}")
    assert said
    assert all(line.startswith("color-contrast") for line in said)


def test_every_picture_follows_the_theme(page, theme):
    paper = turned(rgb(PAPER)) if "Dark" in theme else rgb(PAPER)
    ground = page.locator(".jp-Notebook").evaluate("e => getComputedStyle(e).backgroundColor")
    around = np.array([int(n) for n in ground[4:-1].split(",")]) / 255
    pictures = page.locator(".jp-OutputArea-output .quantlab-picture:visible").all()
    assert len(pictures) >= 4
    for picture in pictures:
        seen = pixels(picture)
        np.testing.assert_allclose(seen[4, seen.shape[1] // 2], paper, atol=2 / 255)
        assert ratio(paper, around) < 1.1  # no box that stands out
        assert max(ratio(c, paper) for c in np.unique(seen.reshape(-1, 3), axis=0)) > ENOUGH


def test_a_photograph_keeps_its_colours_and_its_paper_follows(page, theme):
    (seen,) = map(
        pixels, page.get_by_alt_text("A square that is green").locator("visible=true").all()
    )
    middle, corner = seen[seen.shape[0] // 2, seen.shape[1] // 2], seen[4, 4]
    np.testing.assert_allclose(middle, np.array([10, 200, 30]) / 255, atol=3 / 255)
    paper = turned(rgb(PAPER)) if "Dark" in theme else rgb(PAPER)
    np.testing.assert_allclose(corner, paper, atol=2 / 255)


def pixels(picture) -> np.ndarray:
    picture.scroll_into_view_if_needed()
    return np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB")) / 255


@pytest.mark.parametrize(("call", "stops"), WIDGETS)
def test_tab_reaches_every_control_and_shows_where_it_is(page, call, stops):
    root = controls(page, call)
    seen = 0
    for _ in tab_stops(page, root):
        name, outline = page.evaluate(
            """() => {const e = document.activeElement, s = getComputedStyle(e);
                      const label = e.closest('label') ?? e.labels?.[0];
                      const name = e.ariaLabel ?? (e.innerText || label?.innerText) ?? '';
                      const solid = s.outlineStyle === 'solid';
                      return [name, solid ? parseFloat(s.outlineWidth) : 0];}"""
        )
        assert name.strip(), page.evaluate("document.activeElement.outerHTML")
        assert outline >= 2, name
        seen += 1
    assert seen >= stops


@pytest.mark.parametrize("call", [*(call for call, _ in WIDGETS), "show(fig"])
def test_no_shortcut_of_the_lab_fires_from_a_control(page, call):
    kinds = set()
    for kind in tab_stops(page, controls(page, call)):
        if kind not in kinds:
            press_every_key(page, kind)
        kinds.add(kind)
    assert kinds


def test_no_shortcut_of_the_lab_fires_from_a_table_that_scrolls(page):
    with widen(page, 480):
        box = cell_with(page, "Listing(").locator(".quantlab-report[role=region]")
        box.evaluate("e => e.focus({focusVisible: true})")
        page.wait_for_timeout(300)  # as in tab_stops
        assert box.evaluate("e => e === document.activeElement")
        assert box.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)") >= 2
        press_every_key(page, "table")
        assert broken_rules(page) == []


def press_every_key(page, kind):
    """What JupyterLab has shortcuts for, where the focus is: nothing may happen to any cell."""
    before = page.locator(".jp-Cell").count(), page.locator(".jp-CodeCell").count()
    for key in KEYS:
        page.keyboard.press(key)
    assert page.locator(".jp-Dialog").count() == 0, kind
    assert (page.locator(".jp-Cell").count(), page.locator(".jp-CodeCell").count()) == before, kind


def controls(page, call: str):
    """What a cell shows that has controls."""
    return (
        page.locator(".jp-CodeCell", has_text=call)
        .locator(".quantlab-quiz, .quantlab-explorer, details")
        .first
    )


def tab_stops(page, root):
    """Tab through a widget: the kind of each control that gets the focus, in order."""
    first = root.locator("input, select, button, summary, [role=slider]").first
    first.evaluate("e => e.focus({focusVisible: true})")
    page.wait_for_timeout(300)  # JupyterLab makes the cell the active one, and may move the focus
    while root.evaluate("e => e.contains(document.activeElement)"):
        yield page.evaluate("document.activeElement.type ?? document.activeElement.role")
        page.keyboard.press("Tab")


def test_an_explorer_is_moved_by_keyboard_and_says_so(page):
    cell = cell_with(page, "explore_ruler()")
    words = cell.locator(".quantlab-explorer [role=status]")
    before = words.inner_text()
    keep(words)
    tab = tab_stops(page, cell.locator(".quantlab-explorer"))
    assert next(tab)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([e, before]) => e.innerText !== before", arg=[words.element_handle(), before]
    )
    moved = words.inner_text()
    dropdown = next(kind for kind in tab if kind == "select-one")
    assert dropdown
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "([e, before]) => e.innerText !== before", arg=[words.element_handle(), moved]
    )
    assert kept(words)


def test_a_quiz_says_its_result_in_an_element_that_was_there(page):
    cell = cell_with(page, "quiz(")
    status = cell.locator(".quantlab-quiz [role=status]")
    keep(status)
    cell.get_by_role("button", name="Verify").focus()
    page.keyboard.press("Enter")
    status.get_by_text("of 9").first.wait_for()
    assert kept(status)


def test_the_verdict_of_a_card_is_announced_and_nothing_when_a_notebook_is_opened(page, classroom):
    check = cell_with(page, "# again")
    run_cell(page, check)
    said = page.locator("#quantlab-said")
    said.get_by_text("Correct — 2 of 2 points — 1.6").wait_for(state="attached")
    assert said.get_attribute("role") == "status"
    keep(said)
    run_cell(page, cell_with(page, 'hint("1.6")'))
    said.get_by_text("Hint").wait_for(state="attached")
    assert kept(said)
    page.keyboard.press("Control+S")
    page.locator(".jp-mod-dirty").first.wait_for(state="detached")
    open_notebook(page, classroom[1], NAME)
    cell_with(page, "# again").get_by_text("Correct — 2 of 2 points").wait_for()
    page.wait_for_timeout(500)
    assert said.count() == 0


def keep(element) -> None:
    element.evaluate("e => {e.theSame = true}")


def kept(element) -> bool:
    return element.evaluate("e => e.theSame === true")


def test_a_page_of_a_record_breaks_no_rule_in_light_and_in_dark(browser, tmp_path):
    table = Table((Column("layer", "name"), Column("ms", "ms", ".2f")), ({"name": "a", "ms": 1.5},))
    bars = ("Time of an image", (("FP32", 14.6, "14.6 ms"), ("INT8", 7.3, "7.3 ms")))
    sections = (("Where the time goes", (table,), ("Measured with one thread.",)),)
    written = tmp_path / "page.html"
    written.write_text(html_page("A model", "This machine", (bars,), sections, "{}"), "utf-8")
    page = browser.new_page()
    page.goto(written.as_uri())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme
    page.close()
