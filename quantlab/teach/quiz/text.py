"""A quiz in words: the static twin that needs no widgets, and the feedback on answers.

The twin is what GitHub, a plain editor, a printed page and a screen reader get.
"""

from __future__ import annotations

import html
import textwrap

from quantlab.teach.judging.card import inline
from quantlab.teach.quiz.values import Question, QuestionResult, Quiz, QuizResult

WIDTH = 88
_HOW = {
    "single": "choose one",
    "multiple": "choose all that hold",
    "numeric": "give a number",
}
#: Forms of an answer, never a hint at one: the first letters and an arbitrary number.
_FORM = {"single": '"a"', "multiple": '["a", "b"]', "numeric": "0.5"}


_WITHOUT = "Answer it without widgets:"


def how_to_answer(question: Question) -> str:
    """`choose one`, `give a number, in MB`: what the learner does with the question."""
    unit = f", in {question.unit}" if question.unit else ""
    return _HOW[question.kind] + unit


def call_without_widgets(quiz: Quiz) -> str:
    """A line of code that answers one question of each kind, with made-up answers."""
    first_of_kind = {question.kind: question for question in reversed(quiz.questions)}
    shown = sorted(first_of_kind.values(), key=lambda question: question.number)
    given = ", ".join(f"{question.id}={_FORM[question.kind]}" for question in shown)
    return f'quiz("{quiz.id}").answer({given})'


def heading(quiz: Quiz) -> str:
    """`Quick test · 9 questions, 7 right answers pass`"""
    many = f"{len(quiz.questions)} questions"
    if quiz.keyless:
        return f"{quiz.title} · {many}, graded by your instructor"
    return f"{quiz.title} · {many}, {quiz.points_to_pass} right answers pass"


def twin_text(quiz: Quiz) -> str:
    """The whole quiz as plain text, at most 88 characters wide."""
    blocks = [heading(quiz), *(_question_text(question) for question in quiz.questions)]
    blocks.append(
        f"Answer it without widgets, all at once or one by one:\n    {call_without_widgets(quiz)}"
    )
    return "\n\n".join(blocks)


def _question_text(question: Question) -> str:
    rows = _wrapped(
        f"{question.id}  {question.text} ({how_to_answer(question)})", " " * (len(question.id) + 2)
    )
    for letter, option in zip(question.letters, question.options, strict=True):
        rows += _wrapped(f"    {letter}) {option.text}", " " * 7)
    return "\n".join(rows)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def twin_html(quiz: Quiz) -> str:
    """The whole quiz as an HTML list of questions with lettered options."""
    questions = "".join(
        f'<li style="margin:.7em 0">{inline(question.text)} <em>({how_to_answer(question)})</em>'
        f"{_options_html(question)}</li>"
        for question in quiz.questions
    )
    return (
        f'<section style="max-width:46em"><p><strong>{inline(heading(quiz))}</strong></p>'
        f"<ol>{questions}</ol><p>Answer it without widgets, all at once or one by one: "
        f"<code>{html.escape(call_without_widgets(quiz))}</code></p></section>"
    )


def _options_html(question: Question) -> str:
    if not question.options:
        return ""
    # A reader drops `type="a"` of a list, and an answer names a letter: so each is written out.
    options = "".join(
        f"<li>{letter}) {inline(option.text)}</li>"
        for letter, option in zip(question.letters, question.options, strict=True)
    )
    return f'<ul style="list-style:none;padding-left:1em">{options}</ul>'


def choice_text(question: Question, call: str) -> str:
    """One question outside a quiz as plain text, and the call that answers it."""
    return f"{_question_text(question)}\n\n{_WITHOUT} {call}"


def choice_html(question: Question, call: str) -> str:
    """One question outside a quiz as HTML, its options with letters."""
    return (
        f'<section style="max-width:46em"><p>{inline(question.text)}</p>{_options_html(question)}'
        f"<p>{_WITHOUT} <code>{html.escape(call)}</code></p></section>"
    )


def outcome(result: QuestionResult) -> str:
    """One word or two for a question's outcome, so that colour never speaks alone."""
    if not result.answered:
        return "Not answered"
    return "Right" if result.right else "Not yet"


def result_text(result: QuizResult) -> str:
    """The feedback on every answered question, then the sum, as plain text."""
    rows: list[str] = []
    for one in result.questions:
        if one.answered:
            rows += _wrapped(
                f"{one.question.id}  {outcome(one)}. {' '.join(one.feedback)}",
                " " * (len(one.question.id) + 2),
            )
    return "\n".join([*rows, *summary_lines(result)])


def summary_lines(result: QuizResult) -> tuple[str, ...]:
    """The sum in a sentence, and the numbers of the questions left open."""
    passed = "Passed" if result.passed else "Not passed yet"
    lines = [f"{passed}: {result.summary}"]
    if result.unanswered:
        lines.append(f"Not answered: {', '.join(map(str, result.unanswered))}.")
    return tuple(lines)
