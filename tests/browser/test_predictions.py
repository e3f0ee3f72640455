"""A prediction as a learner meets it: by keyboard, measured, revealed, there after a restart."""

import shutil
import subprocess
import sys

import pytest

from .conftest import (
    PATIENCE_MS,
    ROOT,
    errors,
    menu,
    open_notebook,
    restart_kernel,
    run_cell,
    wait_for_kernel,
)

NAME = "01_scale_and_zero_point"


@pytest.fixture(scope="module")
def lesson(classroom):
    """A fresh copy of lesson 01: (its folder, its stem, the address)."""
    folder, address = classroom
    place = folder / "notebooks" / NAME
    shutil.copy(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", place / "predicting.ipynb")
    return place, "predicting", address


@pytest.fixture(scope="module")
def page(browser, lesson):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    open_notebook(page, lesson[2], NAME, lesson[1])
    begin(page)
    yield page
    page.close()


def begin(page):
    """The two import cells, and the cell that asks."""
    for text in ("import quantlab as ql", "from quantlab.lessons.lesson_01", 'predict("1.a")'):
        run_cell(page, cell_with(page, text))


def cell_with(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def asked(page):
    return cell_with(page, 'predict("1.a")')


def measure_and_reveal(page):
    run_cell(page, cell_with(page, "lost = np.abs(values"))
    cell = cell_with(page, 'reveal("1.a"')
    run_cell(page, cell)
    return cell.locator('section[role="status"]')


def test_run_all_commits_to_nothing_and_goes_on(page):
    menu(page, "Run", "Run All Cells")
    card = cell_with(page, 'reveal("1.a"').locator('section[role="status"]')
    card.get_by_text("You made no prediction.").wait_for()
    assert "0.5 of a step: that is a) Half a step" in card.inner_text()
    # The last cell that shows something: all cells have run, and none of them stopped.
    page.get_by_text("0 of 4 ticked.").wait_for()
    wait_for_kernel(page)
    assert errors(page) == []
    assert asked(page).locator(".quantlab-quiz button:enabled").count() == 3


def test_tab_and_space_commit_and_a_later_choice_counts(page):
    buttons = asked(page).locator(".quantlab-quiz button")
    buttons.first.focus()
    page.keyboard.press("Space")
    asked(page).get_by_text("You predict a) Half a step").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "b) One whole step"
    page.keyboard.press("Enter")
    status = asked(page).get_by_role("status")
    status.get_by_text("You predict b) One whole step").wait_for()
    assert "until the reveal" in status.inner_text()
    assert asked(page).get_by_role("button", name="✓ b) One whole step").count() == 1


def test_the_reveal_lays_both_side_by_side_and_the_prediction_stands(page):
    card = measure_and_reveal(page)
    card.get_by_text("Not as you predicted").wait_for()
    said = card.inner_text()
    for part in ("You predicted: b) One whole step", "Measured: 0.5 of a step", "Why: Rounding"):
        assert part in said
    asked(page).get_by_text("It stands").wait_for()
    assert asked(page).locator(".quantlab-quiz button:disabled").count() == 3


def test_boxes_are_ticked_by_keyboard_and_have_their_sentence_as_name(page):
    cell = cell_with(page, "i_can(")
    run_cell(page, cell)
    box = cell.get_by_role("checkbox", name="I can choose symmetric or asymmetric")
    box.focus()
    page.keyboard.press("Space")
    cell.get_by_text("1 of 4 ticked.").wait_for()
    cell.locator("label", has_text="I can explain PTQ against QAT").click()
    cell.get_by_text("2 of 4 ticked.").wait_for()


def test_all_of_it_is_there_after_a_restart(page):
    restart_kernel(page)
    begin(page)
    status = asked(page).get_by_role("status")
    status.get_by_text("You predict b) One whole step").wait_for()
    assert "It stands" in status.inner_text()
    measure_and_reveal(page).get_by_text("You predicted:").wait_for()
    cell = cell_with(page, "i_can(")
    run_cell(page, cell)
    cell.get_by_text("2 of 4 ticked.").wait_for()
    ticked = cell.get_by_role("checkbox", checked=True).all()
    assert len(ticked) == 2
    assert errors(page) == []


def test_a_page_without_a_kernel_shows_the_twins(page, lesson, browser, tmp_path):
    place, stem, _ = lesson
    menu(page, "File", "Save Notebook")
    page.locator(".jp-mod-dirty").first.wait_for(state="detached")
    convert = [sys.executable, "-m", "nbconvert", "--to", "html", f"{place / stem}.ipynb"]
    done = subprocess.run(
        [*convert, "--output-dir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    still = browser.new_page(viewport={"width": 800, "height": 900}, java_script_enabled=False)
    still.goto((tmp_path / f"{stem}.html").as_uri())
    for said in (
        "How much can a value between the two ends",
        "One whole step",
        "I can explain PTQ",
    ):
        assert still.locator(".jp-OutputArea-output").get_by_text(said).first.is_visible()
    assert still.get_by_text("Error displaying widget").count() == 0
    still.close()
