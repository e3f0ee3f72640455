"""Every explorer of the course in JupyterLab: by keyboard, by screen reader, in light and in dark.

And a quiz that has been answered, each kind of card, and the page of a learner's progress.
"""

import importlib
import pkgutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from quantlab import lessons
from tests.support.motion import moving

from .conftest import (
    PATIENCE_MS,
    THEMES,
    broken_rules,
    choose_theme,
    end_kernels,
    errors,
    open_notebook,
    run_all,
)

NAME = "explorers"
#: What an explorer of given things is called with; the others know their own.
GIVEN = {
    "explore_channels": "{'stem': np.linspace(-1, 2, 12).reshape(3, 4), 'head': np.eye(2)}",
    "explore_layers": "{'good': errors, 'bad': errors}",
    "explore_graphs": "{'good': report, 'bad': report}",
}
THINGS = """import numpy as np
from quantlab.analysis.layer_error import LayerError, LayerErrors
from quantlab.analysis.tensor_error import EDGES, TensorError
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.deploy.precision.report import PrecisionReport
from quantlab.learn import predict, quiz, reveal
from quantlab.learn.cli import main as run_command
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Judgement, Verdict
from quantlab.teach.pictures.slice_bars import slice_bars

one = TensorError(100, 31.0, 1.2, 0.3, 0.0, tuple(range(len(EDGES) - 1)))
errors = LayerErrors(tuple(LayerError(name, name, "Conv", 0.1, one, one, 0.0)
                           for name in ("stem", "head")), (("y", 27.0),), 2)
nodes = [NodePrecision(name, "Conv", name, name, how, 100, 1e-5, "kind", "")
         for name, how in (("stem", "INT8"), ("head", "FP32"))]
report = PrecisionReport(tuple(nodes), 1, (), 3, 1, "onnxruntime", {})"""
#: A card of each verdict, with the picture of a plan.
CARDS = """from IPython.display import display
bars = slice_bars({"all": (52.3, 51.9), "night": (48.0, 30.5)}, "mAP", {"all": 51.6})
for verdict in Verdict:
    display(judgement_card(Judgement("1.2", "A title", verdict, 1.0, 3.0, observed="`x` is 1.",
        expected="It is 2.", cause="Did you add?", next_step="Look at `y`.", insight="Steps.",
        picture=bars.svg, picture_text=bars.text)))"""
OTHERS = (
    CARDS,
    'quiz("quick_test")',
    'predict("2.a", "a")',
    'reveal("2.a", 4.0)',
    'run_command(["status"])',
)
#: Where a slider stands as it is spoken, or what is chosen: `aria-valuenow` has one decimal alone.
STATE = """() => {const e = document.activeElement;
               return e.getAttribute('aria-valuetext') ?? e.value;}"""


def explorers():
    """(lesson's module, name) of every explorer that a lesson shows."""
    return [
        (f"quantlab.lessons.{module.name}", name)
        for module in pkgutil.iter_modules(lessons.__path__)
        if module.name.startswith("lesson_")
        for name in dir(importlib.import_module(f"quantlab.lessons.{module.name}"))
        if name.startswith("explore_")
    ]


EXPLORERS = [name for _, name in explorers()]


@pytest.fixture(scope="module")
def page(browser, classroom):
    folder, address = classroom
    place = folder / "notebooks" / NAME
    place.mkdir()
    imports = [f"from {module} import {name}" for module, name in explorers()]
    shown = [f"{name}({GIVEN.get(name, '')})" for name in EXPLORERS]
    cells = map(new_code_cell, ["\n".join([THINGS, *imports]), *shown, *OTHERS])
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    whole = new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
    nbformat.write(whole, place / f"{NAME}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    open_notebook(page, address, NAME)
    run_all(page)
    assert errors(page) == []
    verify(page)
    yield page
    page.close()
    end_kernels(address)


def verify(page):
    """Answer the quiz by keyboard: right, wrong and not at all."""
    quiz = page.locator(".quantlab-quiz", has_text="Quick test").first
    quiz.locator("input[type=radio]").first.focus()
    page.keyboard.press("Space")
    quiz.get_by_role("button", name="Verify").focus()
    page.keyboard.press("Enter")
    quiz.locator("[role=status]").get_by_text("of 9").first.wait_for()


def test_each_lesson_but_the_first_has_an_explorer():
    assert len(EXPLORERS) == 10


@pytest.mark.parametrize("theme", THEMES, ids=("light", "dark"))
def test_no_rule_of_wcag_is_broken(page, theme):
    choose_theme(page, theme)
    try:
        assert broken_rules(page) == []
    finally:
        choose_theme(page, THEMES[0])


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_of_an_explorer_is_moved_by_keyboard(page, name):
    """Tab reaches each control, an arrow key moves it, what it says follows, and no cell does."""
    cell = page.locator(".jp-CodeCell", has_text=f"{name}(").last
    explorer = cell.locator(".quantlab-explorer")
    words, cells = explorer.locator("[role=status]"), page.locator(".jp-Cell").count()
    words.evaluate("e => {e.theSame = true}")
    first = explorer.locator("select, [role=slider]").first
    first.evaluate("e => e.focus({focusVisible: true})")
    page.wait_for_timeout(300)  # JupyterLab makes the cell the active one, and may move the focus
    reached = said = 0
    while explorer.evaluate("e => e.contains(document.activeElement)"):
        before, spoken = page.evaluate(STATE), words.inner_text()
        if page.evaluate("document.activeElement.matches('select, [role=slider]')"):
            outline = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
            assert page.evaluate(outline) >= 2
            moved = [press(page, key) for key in ("ArrowDown", "ArrowUp", "ArrowRight")]
            assert {*moved, before} != {before}, (name, before)
            reached += 1
        for key in ("d", "d", "a", "x"):  # delete, above, cut
            page.keyboard.press(key)
        said += words.inner_text() != spoken
        page.keyboard.press("Tab")
    assert reached == explorer.locator("select, [role=slider]").count() > 0
    assert said
    assert words.evaluate("e => e.theSame === true")
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".jp-Cell").count() == cells


def press(page, key):
    """What the control stands at after a key, once the kernel has said so."""
    page.keyboard.press(key)
    page.wait_for_timeout(100)
    return page.evaluate(STATE)


def test_nothing_moves_for_a_reader_who_wants_no_motion(page):
    ours = ":is(.quantlab-explorer, .quantlab-quiz, .jp-OutputArea-output section)"
    assert page.locator(ours).count() > len(EXPLORERS)
    assert moving(page, f"{ours}, {ours} *") == []
