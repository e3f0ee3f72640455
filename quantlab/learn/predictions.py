"""A learner commits to a prediction; the measurement follows, and `reveal` lays both side by side.

A prediction is kept in the progress file. It earns nothing and costs nothing, "Run All" commits to
none, and a grader's run neither reads nor writes one. Once revealed, it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quantlab.learn.choice_desk import ChoiceDesk
from quantlab.learn.classroom import catalogue
from quantlab.teach.judging.card import BLUE, GREY, Card
from quantlab.teach.quiz.answers import typed_answer
from quantlab.teach.quiz.values import Prediction

#: What brings the buttons on screen up to date when their prediction is revealed, by its id.
ON_REVEAL: dict[str, Callable[[], None]] = {}


class PredictionDesk(ChoiceDesk):
    """One learner at one prediction: what is chosen, and whether it may still change."""

    def __init__(self, prediction: Prediction) -> None:
        super().__init__(prediction.id, prediction.question)
        self.prediction = prediction

    @property
    def predicted(self) -> int | None:
        """The index of the option committed to; None before."""
        return self.chosen[0] if self.chosen else None

    def standing(self) -> tuple[str, ...]:
        """What was committed to, in sentences; not a word on whether it is right."""
        if self.predicted is None:
            return self.take_notices()
        sealed = "It stands: the measurement has been shown."
        unsealed = "It is kept. Now measure; until the reveal you may still change it."
        said = f"You predict {self.lettered(self.predicted)}"
        return (said, sealed if self.sealed else unsealed, *self.take_notices())


def reveal(id: str, measured: Any = None) -> Card:
    """Show what was predicted beside what was measured, and why.

    id        a prediction such as "3.a".
    measured  the number that the lesson has just measured, in the prediction's unit; nothing where
              the prediction is about no number.

    The number decides which option holds, so a text never tells an outcome of another day. Without
    a prediction the card says so and shows the measurement all the same.
    """
    try:
        prediction = catalogue().find_prediction(id)
        number = None if measured is None else _number(measured)
        held = prediction.outcome(number)
    except (KeyError, ValueError) as said:
        return Card("Nothing to reveal", (("", str(said.args[0])),))
    desk = PredictionDesk(prediction)
    desk.seal()
    if id in ON_REVEAL:
        ON_REVEAL[id]()
    return _side_by_side(desk, number, held)


def _number(measured: Any) -> float:
    try:
        return float(measured)
    except (TypeError, ValueError):
        kind = type(measured).__name__
        raise ValueError(f"`measured` is a {kind}; expected is a number.") from None


def _side_by_side(desk: PredictionDesk, number: float | None, held: int | None) -> Card:
    prediction, chosen = desk.prediction, desk.predicted
    if number is None:
        assert held is not None, "without a number, an option is marked right"
        outcome = desk.lettered(held)
    else:
        value = f"{number:.3g}".replace("-", "−")
        unit = f" {prediction.unit}" if prediction.unit else ""
        where = f"that is {desk.lettered(held)}" if held is not None else "none of the answers"
        outcome = f"{value}{unit}: {where}"
    why = ("Why", prediction.why)
    if chosen is None:
        first = (
            "You made no prediction. A click in the cell above, before you measure, would be one."
        )
        return Card(f"Measured: {outcome}", (("", first), why))
    lines = [("You predicted", desk.lettered(chosen)), ("Measured", outcome)]
    asks = prediction.question.options[chosen].feedback
    if chosen == held:
        return Card("As you predicted", (*lines, why), colour=BLUE)
    return Card("Not as you predicted", (*lines, ("Ask yourself", asks), why), colour=GREY)


def commit_typed(desk: PredictionDesk, typed: Any) -> Card:
    """What `predict("3.a", "b")` does where no buttons run."""
    try:
        desk.keep([typed_answer(desk.question, typed)])
    except ValueError as said:
        return Card("No prediction", (("", str(said)),))
    first, *others = desk.standing() or ("A grader's run keeps no prediction",)
    return Card(first, tuple(("", line) for line in others), colour=BLUE)
