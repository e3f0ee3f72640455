"""One learner at one quiz: the answers kept beside the notebook, the attempts in the progress file.

The widget and `answer(...)` are two faces of this one object. Trouble with a file never stops a
learner: it becomes a sentence in `notices`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from quantlab.learn.progress import open_progress
from quantlab.teach.quiz import GRADED_BY_INSTRUCTOR, score
from quantlab.teach.quiz.answers import (
    Answers,
    answers_path,
    clean_answers,
    read_answers,
    set_aside,
    typed_answer,
    write_answers,
)
from quantlab.teach.quiz.text import result_text, twin_text
from quantlab.teach.quiz.values import Quiz, QuizResult


class QuizSession:
    """A quiz, the answers so far, and where they are kept.

    quiz     the questions.
    folder   where `QUIZ_ID.answers.json` lies; the working folder by default.
    """

    def __init__(self, quiz: Quiz, folder: Path | None = None) -> None:
        self.quiz = quiz
        self.path = answers_path(quiz.id, folder)
        self.notices: list[str] = []
        self.answers: Answers = self._read()

    def __repr__(self) -> str:
        return twin_text(self.quiz)

    def answer(self, **typed: Any) -> None:
        """Keep answers given as code, and print the feedback on all answers so far.

        A letter for one option, a list of letters for several, a number for a number:
        `answer(q1="b", q4=["a", "c"], q5=0.5)`. Answers given earlier stay.
        """
        questions = {question.id: question for question in self.quiz.questions}
        unknown = [id for id in typed if id not in questions]
        if unknown:
            print(f"There is no question {unknown[0]}; there are {', '.join(questions)}.")
            return
        try:
            given = {id: typed_answer(questions[id], value) for id, value in typed.items()}
        except ValueError as said:
            print(said)
            return
        self.keep(given)
        result = self.verify() if self.answers else None
        rows = [result_text(result)] if result else [self.kept_sentence()]
        print("\n".join([*rows, *self.take_notices()]))

    def keep(self, changed: dict[str, Any]) -> None:
        """Take over changed answers (None or [] takes one away) and write them at once."""
        merged = {**self.answers, **changed}
        given = {id: value for id, value in merged.items() if value is not None}
        self.answers = clean_answers(self.quiz, given)
        try:
            write_answers(self.path, self.quiz, self.answers)
        except OSError as error:
            self.notices.append(
                f"Your answers could not be written to {self.path.name} "
                f"({error.strerror or error}); free or unlock the folder and answer once more."
            )

    def verify(self) -> QuizResult | None:
        """Score the answers and note the attempt; None for a quiz without its key."""
        if self.quiz.keyless:
            return None
        result = score(self.quiz, self.answers)
        # A grader runs the notebook too, and its runs are no attempts of anybody.
        if self.answers and not grading():
            progress = open_progress()
            progress.record_quiz(self.quiz.id, result.points, self.quiz.max_points, self.answers)
            notice = progress.notice
            self.notices += [notice] if notice else []
        return result

    def kept_sentence(self) -> str:
        """How many answers are kept where, and who grades a quiz that has no key here."""
        kept = f"{len(self.answers)} of {self.quiz.max_points} questions answered, "
        kept += f"kept in {self.path.name}."
        return f"{kept} {GRADED_BY_INSTRUCTOR}" if self.quiz.keyless else kept

    def attempts_sentence(self) -> str:
        """`2 attempts so far, best 7 of 9.`, or "" before the first."""
        attempts = () if grading() else open_progress().quiz_attempts(self.quiz.id)
        if not attempts:
            return ""
        best = max(attempts, key=lambda attempt: attempt.points)
        many = "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts"
        return f"{many} so far, best {best.points:g} of {best.max_points:g}."

    def take_notices(self) -> list[str]:
        """The sentences about files since the last call."""
        notices, self.notices = self.notices, []
        return notices

    def _read(self) -> Answers:
        try:
            return read_answers(self.path, self.quiz)
        except ValueError as damage:
            self.notices.append(f"{damage} {self._set_aside()}")
            return {}

    def _set_aside(self) -> str:
        try:
            return f"It was set aside as {set_aside(self.path).name}; answer once more."
        except OSError as error:
            return f"It could not be renamed ({error.strerror or error}); remove it by hand."


def grading() -> bool:
    """True while a grader runs the notebook."""
    return "NBGRADER_EXECUTION" in os.environ
