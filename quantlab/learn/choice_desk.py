"""One learner at one question without points: what is chosen, and whether it may still change.

A grader's run neither reads nor writes a choice: its runs are nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quantlab.learn.choices import Choice
from quantlab.learn.progress import open_progress
from quantlab.learn.quiz_session import grading
from quantlab.teach.quiz.values import Question


class ChoiceDesk:
    """A question and the choice kept for it.

    asked     the name that it is kept under: a prediction such as "3.a", or a lesson's name.
    question  its options.
    """

    def __init__(self, asked: str, question: Question) -> None:
        self.asked = asked
        self.question = question
        self._notices: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[int, ...]:
        """The indices of the options kept; those that the question has no longer are left out."""
        kept = self._kept()
        return tuple(n for n in kept.chosen if n < len(self.question.options)) if kept else ()

    @property
    def sealed(self) -> bool:
        """True once the measurement was shown beside a choice."""
        kept = self._kept()
        return kept is not None and kept.sealed

    def keep(self, chosen: Sequence[Any]) -> None:
        """Keep these indices instead, unless the choice is sealed."""
        if grading():
            return
        progress = open_progress()
        progress.choices.choose(self.asked, chosen)
        notice = progress.notice
        self._notices += (notice,) if notice else ()

    def seal(self) -> None:
        """The measurement is shown: what was chosen stays."""
        if not grading():
            open_progress().choices.seal(self.asked)

    def lettered(self, n: int) -> str:
        """`b) Half a step`"""
        return f"{self.question.letters[n]}) {self.question.options[n].text}"

    def take_notices(self) -> tuple[str, ...]:
        """The sentences about the progress file since the last call."""
        notices, self._notices = self._notices, ()
        return notices

    def _kept(self) -> Choice | None:
        return None if grading() else open_progress().choices.of(self.asked)
