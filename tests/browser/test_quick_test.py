"""The quick test by keyboard alone: Tab, Space and typing reach every question and Verify."""

import json

from quantlab.lessons.catalogue import load_quiz

from .conftest import open_notebook, run_all, run_cell

QUIZ = load_quiz("quick_test")
KINDS = {"single": "radio", "multiple": "checkbox", "numeric": "text"}


def quiz_cell(page):
    """The quiz, not the checklist above it."""
    return page.locator(".jp-CodeCell", has_text='quiz("quick_test")').first


def answer_by_keyboard(page, wrong: set[str]) -> None:
    """From the first control on, only Tab, Space and typing, until Verify has the focus."""
    quiz_cell(page).locator(".quantlab-quiz input").first.focus()
    for question in QUIZ.questions:
        right = {i for i, option in enumerate(question.options) if option.right}
        if question.id in wrong and question.kind != "numeric":
            right = {next(i for i in range(len(question.options)) if i not in right)}
        for index in range(max(1, len(question.options))):
            kind = page.evaluate("document.activeElement.type")
            assert kind == KINDS[question.kind], (question.id, kind)
            if question.kind == "numeric":
                page.keyboard.type("1" if question.id in wrong else f"{question.answer}")
            elif index in right:
                page.keyboard.press("Space")
            page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Verify"
    page.keyboard.press("Enter")


def test_nine_questions_by_keyboard(page, classroom):
    folder, address = classroom
    open_notebook(page, address, "quick_test")
    run_all(page)
    two_wrong = {QUIZ.questions[0].id, QUIZ.questions[1].id}
    answer_by_keyboard(page, two_wrong)
    quiz_cell(page).locator("[role=status]", has_text="7 of 9").first.wait_for()
    kept = json.loads((folder / "notebooks/quick_test/quick_test.answers.json").read_text())
    assert len(kept["answers"]) == 9

    check = page.locator(".jp-CodeCell", has_text='check("quick_test")').last
    run_cell(page, check)
    check.get_by_text("Correct — 7 of 9 points").wait_for()
