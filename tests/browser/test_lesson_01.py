"""Lesson 1 as a learner meets it: run, dragged, answered wrongly, answered rightly, restarted."""

import re
import shutil

import pytest

from quantlab.lessons.catalogue import find, of_lesson

from .conftest import (
    PATIENCE_MS,
    ROOT,
    THEMES,
    broken_rules,
    choose_theme,
    errors,
    open_notebook,
    restart_kernel,
    run_all,
    run_cell,
    too_wide,
    widen,
)

NAME = "01_scale_and_zero_point"
SOLVED = ROOT / "autograder" / "samples" / "ada_right" / NAME / f"{NAME}.ipynb"


@pytest.fixture(scope="module")
def page(browser, classroom):
    """The lesson with the reference answers in it, run from top to bottom."""
    folder, address = classroom
    shutil.copy(SOLVED, folder / "notebooks" / NAME / f"{NAME}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    open_notebook(page, address, NAME)
    run_all(page)
    yield page
    page.close()


def cards(page) -> list[str]:
    return page.locator('section[role="status"] strong:first-child').all_inner_texts()


def cell_with(page, text: str):
    return page.locator(".jp-CodeCell", has_text=text).first


def test_the_reference_answers_are_green_from_top_to_bottom(page):
    judged = [e for e in of_lesson(1) if e.kind != "written"]
    seen = [card for card in cards(page) if card.startswith("Correct")]
    assert len(seen) == len(judged), cards(page)
    for exercise in judged:
        worth = f"{exercise.points:g} of {exercise.points:g} point"
        assert any(worth in c and f"— {exercise.id} ·" in c for c in seen), exercise.id


def test_nothing_red_and_nothing_on_stderr(page):
    assert errors(page) == []


@pytest.mark.parametrize("width", [1280, 800])
def test_no_output_is_wider_than_the_page(page, width):
    with widen(page, width):
        assert too_wide(page) == []


def test_every_picture_has_words(page):
    pictures = page.locator(".jp-OutputArea-output :is(svg[role=img], img)")
    assert pictures.count() > 5
    for picture in pictures.all():
        words = picture.get_attribute("aria-label") or picture.get_attribute("alt")
        assert words, picture.evaluate("e => e.outerHTML.slice(0, 200)")
        assert len(words) > 20


@pytest.mark.parametrize("theme", THEMES[::-1])
def test_no_output_breaks_a_rule_of_wcag(page, theme):
    choose_theme(page, theme)
    assert broken_rules(page) == []


def test_dragging_a_slider_moves_the_ruler(page):
    live = page.locator(".jp-CodeCell", has_text="explore_ruler()").last
    live.scroll_into_view_if_needed()
    before = live.inner_text()
    handle = live.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "([cell, before]) => cell.innerText !== before", arg=[live.element_handle(), before]
    )
    moved = live.inner_text()
    scale = re.compile(r"scale\D{0,20}([\d.]+)")
    assert scale.search(moved).group(1) != scale.search(before).group(1)


def test_a_slider_moves_by_keyboard_too(page):
    live = page.locator(".jp-CodeCell", has_text="explore_ruler()").last
    before = live.inner_text()
    live.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([cell, before]) => cell.innerText !== before", arg=[live.element_handle(), before]
    )


def test_a_wrong_answer_gets_the_name_of_its_misconception(page):
    wrong = next(m for m in find("1.6").misconceptions if m.name == "divides_by_128")
    run_cell(
        page,
        cell_with(page, "def symmetric_scale"),
        "def symmetric_scale(w):\n    return float(np.abs(w).max()) / 128",
    )
    check = page.locator(".jp-CodeCell", has_text='check("1.6")').first
    run_cell(page, check)
    card = check.locator('section[role="status"]')
    card.get_by_text("Not yet — 0 of 2 points").wait_for()
    assert wrong.question in card.inner_text()
    assert errors(page) == []


def test_progress_is_still_there_after_a_restart(page):
    restart_kernel(page)
    cell = page.locator(".jp-CodeCell").first
    run_cell(
        page,
        cell,
        "from quantlab.learn.progress import open_progress\n"
        'p = open_progress()\nprint("passed", [p.passed("1.2"), p.passed("1.10")])',
    )
    cell.get_by_text("passed [True, False]").wait_for()
