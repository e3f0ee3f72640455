"""Choices without points on screen: the buttons of a prediction, the boxes of a self-assessment.

Both are native controls: Tab reaches them, Space and Enter press a button, Space ticks a box, and a
status line says to a screen reader what was kept. Where widgets do not run, a text twin shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from quantlab.learn.choice_desk import ChoiceDesk
from quantlab.learn.classroom import catalogue
from quantlab.learn.predictions import ON_REVEAL, PredictionDesk, commit_typed
from quantlab.learn.progress import open_progress
from quantlab.learn.quiz_session import grading
from quantlab.learn.quiz_widget import STYLE, controls_of, note
from quantlab.learn.status import status
from quantlab.learn.way_back import way_back
from quantlab.teach.access import LIVE
from quantlab.teach.judging.card import BLUE, Card, inline
from quantlab.teach.quiz.answers import typed_answer
from quantlab.teach.quiz.text import choice_html, choice_text
from quantlab.teach.static_twin import WidgetTwin

BUTTONS = """<style>
.quantlab-quiz .widget-button.jupyter-button { width: auto; max-width: 100%; height: auto;
  margin: 2px; padding: .4em .9em; line-height: 1.4; text-align: left; white-space: normal;
  overflow: visible; border: 1px solid var(--jp-border-color0, #767676); }
.quantlab-quiz .quantlab-chosen.jupyter-button { border: 2px solid #0072B2; font-weight: 600; }
</style>"""


class PredictionButtons(widgets.VBox):
    """The question, a button for each option, and what is kept. Says nothing of right or wrong."""

    def __init__(self, desk: PredictionDesk) -> None:
        self.desk = desk
        question = desk.prediction.question
        self.buttons = [
            widgets.Button(layout=widgets.Layout(width="auto")) for _ in question.options
        ]
        self.status = widgets.HTML()
        text = widgets.HTML(f"{STYLE}{BUTTONS}<strong>Predict.</strong> {inline(question.text)}")
        super().__init__([text, *self.buttons, self.status])
        self.add_class("quantlab-quiz")
        for n, button in enumerate(self.buttons):
            button.on_click(lambda _, n=n: self._commit(n))
        ON_REVEAL[desk.asked] = self.refresh
        self.refresh()

    def _commit(self, n: int) -> None:
        self.desk.keep([n])
        self.refresh()

    def refresh(self) -> None:
        """Mark the button of what is kept; after the reveal no button changes anything."""
        chosen, sealed = self.desk.predicted, self.desk.sealed
        for n, button in enumerate(self.buttons):
            mark = "✓ " if n == chosen else ""
            button.description = mark + self.desk.lettered(n).replace("`", "")
            button.disabled = sealed
            (button.add_class if n == chosen else button.remove_class)("quantlab-chosen")
        said = self.desk.standing()
        shown = note(said[0], said[1:], BLUE) if said else ""
        self.status.value = LIVE + shown


class ShownPrediction(PredictionDesk):
    """A prediction that a notebook shows as buttons, and as its twin where widgets do not run."""

    def __repr__(self) -> str:
        return choice_text(self.prediction.question, self._call)

    def _ipython_display_(self) -> None:
        html = choice_html(self.prediction.question, self._call)
        WidgetTwin(PredictionButtons(self), html, repr(self))._ipython_display_()

    @property
    def _call(self) -> str:
        return f'predict("{self.prediction.id}", "a")'


def predict(id: str, answer: str | None = None) -> ShownPrediction | Card:
    """The prediction, ready to be shown: end a cell with `predict("3.a")`, and click.

    id      a prediction such as "3.a".
    answer  the letter of an option, where no buttons run: `predict("3.a", "b")`.

    A click commits, and is kept in the progress file. It may change until `reveal` has shown the
    measurement. A card with one sentence where there is no prediction of that name.
    """
    try:
        desk = ShownPrediction(catalogue().find_prediction(id))
    except KeyError as said:
        return Card("Nothing to predict", (("", str(said.args[0])),))
    return desk if answer is None else commit_typed(desk, answer)


class Boxes(widgets.VBox):
    """A box for each sentence, labelled with it, and how many are ticked."""

    def __init__(self, desk: ChoiceDesk) -> None:
        self.desk = desk
        self.boxes = controls_of(desk.question, list(desk.chosen))
        self.status = widgets.HTML()
        super().__init__([widgets.HTML(STYLE), *self.boxes, self.status])
        self.add_class("quantlab-quiz")
        for box in self.boxes:
            box.observe(self._keep, "value")
        self._say()

    def _keep(self, _: Any) -> None:
        self.desk.keep([n for n, box in enumerate(self.boxes) if box.value])
        self._say()

    def _say(self) -> None:
        said = f"{len(self.desk.chosen)} of {len(self.boxes)} ticked."
        shown = note(said, (*_way_back(self.desk), *self.desk.take_notices()), BLUE)
        self.status.value = LIVE + shown


class ShownBoxes(ChoiceDesk):
    """Sentences to tick, as boxes, and as their twin where widgets do not run."""

    def __repr__(self) -> str:
        return choice_text(self.question, self._call)

    def _ipython_display_(self) -> None:
        html = choice_html(self.question, self._call)
        WidgetTwin(Boxes(self), html, repr(self))._ipython_display_()

    @property
    def _call(self) -> str:
        return f'i_can("{self.asked}", ["a", "b"])'


def i_can(name: str, ticked: Sequence[str] | None = None) -> ShownBoxes | Card:
    """The sentences to tick at the end of a lesson: end a cell with `i_can("quick_test")`.

    name    a lesson's name.
    ticked  letters of all sentences that hold, where no boxes run: `i_can("quick_test", ["a"])`.

    Ticks are kept in the progress file and earn nothing. What is not ticked names the lesson to go
    back to, and where that one stands. A card with one sentence where there is
    nothing to tick.
    """
    try:
        desk = ShownBoxes(name, catalogue().find_statements(name))
        if ticked is None:
            return desk
        desk.keep(typed_answer(desk.question, ticked))  # type: ignore[arg-type]
    except (KeyError, ValueError) as said:
        return Card("Nothing to tick", (("", str(said.args[0])),))
    said_ticked = tuple(("", said) for said in (*map(desk.lettered, desk.chosen), *_way_back(desk)))
    return Card(f"{len(desk.chosen)} of {len(desk.question.options)} ticked", said_ticked)


def _way_back(desk: ChoiceDesk) -> tuple[str, ...]:
    if grading():  # a grader's run is nobody's progress
        return ()
    rows = status(open_progress(), catalogue().all_exercises()).rows
    return way_back(desk.question, desk.chosen, rows)
