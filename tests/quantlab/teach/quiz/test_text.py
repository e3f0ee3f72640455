"""A quiz in words: the twin without widgets, and the feedback."""

import html

import pytest

from quantlab.lessons.catalogue import load_quiz, quiz_ids
from quantlab.teach.quiz import parse_quiz, score
from quantlab.teach.quiz.text import result_text, twin_html, twin_text
from tests.support.small_quiz import SMALL


@pytest.fixture
def quiz():
    return parse_quiz(SMALL)


def test_the_twin_holds_every_word_and_nothing_of_the_key(quiz):
    for quiz_id in quiz_ids():
        full = load_quiz(quiz_id)
        text, page = twin_text(full), twin_html(full)
        flat = " ".join(text.split())
        assert max(map(len, text.splitlines())) <= 88
        for question in full.questions:
            assert question.text in flat
            assert html.escape(question.text) in page
            for letter, option in zip(question.letters, question.options, strict=True):
                assert f"{letter}) {option.text}" in flat
                assert option.feedback not in flat
                assert option.feedback not in page
    assert "<code>x &lt; 1</code>" in twin_html(quiz)


def test_the_feedback_names_each_answered_question_and_the_open_ones(quiz):
    text = result_text(score(quiz, {"q1": 0, "q3": 4}))
    assert text.splitlines() == [
        "q1  Not yet. Is it?",
        "q3  Right. Four.",
        "Not passed yet: 1 of 3 right; the pass mark is 3.",
        "Not answered: 2.",
    ]
    passed = result_text(score(quiz, {"q1": 1, "q2": [0, 2], "q3": 4}))
    assert passed.splitlines()[-1] == "Passed: 3 of 3 right; the pass mark is 3."
