"""The quiz as a learner sees it: radio buttons, checkboxes and number fields, one Verify button.

Tab reaches every control in the order of the questions, Space chooses, Enter or Space verifies.
`quiz("quick_test")` is the way in; where widgets do not run, its text twin shows instead.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from quantlab.learn.classroom import catalogue
from quantlab.learn.quiz_session import QuizSession
from quantlab.teach.access import LIVE
from quantlab.teach.judging.card import BLUE, GREY, ORANGE, inline
from quantlab.teach.quiz.answers import typed_number
from quantlab.teach.quiz.text import (
    heading,
    how_to_answer,
    outcome,
    summary_lines,
    twin_html,
)
from quantlab.teach.quiz.values import Question, QuestionResult, QuizResult
from quantlab.teach.static_twin import WidgetTwin

# ipywidgets cuts long labels off in one line; a quiz needs them whole, at any width.
STYLE = """<style>
.quantlab-quiz { max-width: 46em; overflow: visible; }
.quantlab-quiz .widget-html, .quantlab-quiz .widget-html-content { height: auto; line-height: 1.5; }
.quantlab-quiz .widget-radio { width: auto; height: auto; }
.quantlab-quiz .widget-radio-box { width: 100%; margin: 0; }
.quantlab-quiz .widget-radio-box label, .quantlab-quiz .widget-checkbox .widget-label-basic {
  display: flex; flex-direction: row; align-items: flex-start; gap: .5em; width: 100%;
  height: auto; margin: 0; padding: .25em 0; line-height: 1.5; white-space: normal;
  overflow: visible; cursor: pointer; }
.quantlab-quiz .widget-radio-box label { flex-direction: row-reverse; justify-content: flex-end; }
.quantlab-quiz .widget-checkbox { width: auto; height: auto; margin: 0 2px; overflow: visible; }
.quantlab-quiz .widget-checkbox .widget-label-basic span { white-space: normal; }
.quantlab-quiz input[type=radio], .quantlab-quiz input[type=checkbox] {
  flex: none; align-self: flex-start; width: 14px; height: 14px; margin: 3px 0 0 0; }
</style>"""


class QuestionRow(widgets.VBox):
    """One question: its text, its control, and the feedback under it.

    `problem` is a sentence while what was typed is no number, else "".
    """

    def __init__(self, question: Question, answer: Any) -> None:
        self.question = question
        self.problem = ""
        self.controls = controls_of(question, answer)
        self.feedback = widgets.HTML()
        prompt = (
            f"<strong>{question.number}.</strong> {inline(question.text)} "
            f"<em>({how_to_answer(question)})</em>"
        )
        super().__init__(
            [widgets.HTML(prompt), *self.controls, self.feedback],
            layout=widgets.Layout(margin="0 0 .8em 0", overflow="visible"),
        )

    def on_answer(self, callback: Any) -> None:
        """Call `callback(self)` whenever the learner changes the answer."""

        def changed(_: Any) -> None:
            # Feedback on an earlier answer would mislead beside a new one.
            self.feedback.value = ""
            callback(self)

        for control in self.controls:
            control.observe(changed, "index" if self.question.kind == "single" else "value")

    def read(self) -> int | list[int] | float | None:
        """The answer as plain data: an index, a list of indices, a number, or None for none."""
        self.problem = ""
        if self.question.kind == "single":
            return self.controls[0].index
        if self.question.kind == "multiple":
            return [n for n, box in enumerate(self.controls) if box.value]
        return self._number(self.controls[0].value)

    def _number(self, text: str) -> float | None:
        if not text.strip():
            return None
        try:
            return typed_number(text, self.question.unit)
        except ValueError as said:
            self.problem = str(said)
            return None

    def show(self, result: QuestionResult) -> None:
        """Put the outcome in words, and the feedback of each chosen option, under the question."""
        if self.problem:
            self.feedback.value = note("No number", (self.problem,), GREY)
        else:
            colour = BLUE if result.right else ORANGE if result.answered else GREY
            self.feedback.value = note(outcome(result), result.feedback, colour)


def controls_of(question: Question, answer: Any) -> list[Any]:
    """The native controls of a question, set to the answer so far."""
    wide = widgets.Layout(width="auto")
    labels = [
        f"{letter}) {option.text.replace('`', '')}"
        for letter, option in zip(question.letters, question.options, strict=True)
    ]
    if question.kind == "single":
        return [widgets.RadioButtons(options=labels, index=answer, layout=wide)]
    if question.kind == "multiple":
        chosen = answer or []
        return [
            widgets.Checkbox(n in chosen, description=label, indent=False, layout=wide)
            for n, label in enumerate(labels)
        ]
    return [
        widgets.Text(
            "" if answer is None else f"{answer:.12g}",
            description=f"Answer {question.number}" + (f" ({question.unit})" * bool(question.unit)),
            placeholder="a number",
            continuous_update=False,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="16em", max_width="98%"),
        )
    ]


def note(heading: str, sentences: tuple[str, ...], colour: str) -> str:
    """A heading and sentences under it, as HTML; the words say what the colour says."""
    lines = "".join(f"<div>{inline(sentence)}</div>" for sentence in sentences)
    return (
        f'<div style="border-left:4px solid {colour};padding:.2em .8em;margin:.2em 0">'
        f"<strong>{html.escape(heading)}</strong>{lines}</div>"
    )


class QuizWidget(widgets.VBox):
    """All questions of a session, one Verify button, and the sum under it."""

    def __init__(self, session: QuizSession) -> None:
        self.session = session
        self.rows = [QuestionRow(q, session.answers.get(q.id)) for q in session.quiz.questions]
        self.button = widgets.Button(
            description="Keep answers" if session.quiz.keyless else "Verify",
            button_style="primary",
            layout=widgets.Layout(width="10em"),
        )
        self.status = widgets.HTML()
        title = widgets.HTML(f"{STYLE}<strong>{inline(heading(session.quiz))}</strong>")
        super().__init__([title, *self.rows, self.button, self.status])
        self.add_class("quantlab-quiz")
        for row in self.rows:
            row.on_answer(self._keep)
        self.button.on_click(self._verify)
        self._say([session.attempts_sentence()], GREY)

    def _keep(self, row: QuestionRow) -> None:
        self.session.keep({row.question.id: row.read()})
        if self.session.notices:
            self._say([], ORANGE)

    def _verify(self, _: widgets.Button) -> None:
        self.session.keep({row.question.id: row.read() for row in self.rows})
        result = self.session.verify()
        if result is None:
            problems = [
                f"Question {r.question.number}: {r.problem}" for r in self.rows if r.problem
            ]
            self._say([self.session.kept_sentence(), *problems], BLUE)
        else:
            self._show(result)

    def _show(self, result: QuizResult) -> None:
        for row, one in zip(self.rows, result.questions, strict=True):
            row.show(one)
        lines = [*summary_lines(result), self.session.attempts_sentence()]
        self._say(lines, BLUE if result.passed else ORANGE)

    def _say(self, lines: list[str], colour: str) -> None:
        """The first line in bold, then the others, then what happened to files."""
        said = [line for line in [*lines, *self.session.take_notices()] if line]
        shown = note(said[0], tuple(said[1:]), colour) if said else ""
        self.status.value = LIVE + shown


class QuizDesk(QuizSession):
    """A session that a notebook shows as a widget, and as its twin where widgets do not run."""

    def __init__(self, quiz_id: str, folder: Path | None = None) -> None:
        super().__init__(catalogue().load_quiz(quiz_id), folder)

    def twin(self) -> WidgetTwin:
        """A fresh widget on this session, with the quiz in words beside it."""
        return WidgetTwin(QuizWidget(self), twin_html(self.quiz), repr(self))

    def _ipython_display_(self) -> None:
        self.twin()._ipython_display_()


def quiz(quiz_id: str) -> QuizDesk:
    """The quiz, ready to be shown: end a cell with `quiz("quick_test")`.

    Without widgets, print it and answer with `quiz("quick_test").answer(q1="b")`. Answers are kept
    in `QUIZ_ID.answers.json` beside the notebook and are there again the next time. Raises
    KeyError with the names of the quizzes when there is none of that name.
    """
    return QuizDesk(quiz_id)
