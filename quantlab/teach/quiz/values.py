"""The frozen values of a quiz: options, questions, the quiz, and what its answers earned."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One option of a choice. In a keyless quiz `right` is None and `feedback` empty.

    lessons   of a sentence to tick: the numbers of the lessons that teach it.
    """

    text: str
    right: bool | None = None
    feedback: str = ""
    lessons: tuple[int, ...] = ()


@dataclass(frozen=True)
class LikelyWrong:
    """A wrong number that a known slip leads to, and the question that answers it."""

    value: float
    tolerance: float
    feedback: str


@dataclass(frozen=True)
class Question:
    """One question of kind single, multiple or numeric. In a keyless quiz `answer` is None."""

    id: str
    number: int
    text: str
    kind: str
    lesson: str = ""
    unit: str = ""
    options: tuple[Option, ...] = ()
    answer: float | None = None
    tolerance: float = 0.0
    feedback: str = ""
    otherwise: str = ""
    likely_wrong: tuple[LikelyWrong, ...] = ()

    @property
    def letters(self) -> str:
        """The letters of the options: "abcd"."""
        return string.ascii_lowercase[: len(self.options)]


@dataclass(frozen=True)
class Prediction:
    """A question that is answered before a measurement, and what decides it afterwards.

    question  a single choice; its id is the prediction's, "3.a".
    spans     for each option the numbers that it stands for, (lo, hi) with lo <= number < hi;
              empty where the measurement is no number and the right option is marked.
    unit      of the number that is measured; "" for none.
    why       one sentence that explains what was measured.
    """

    question: Question
    spans: tuple[tuple[float, float], ...]
    unit: str
    why: str

    @property
    def id(self) -> str:
        return self.question.id

    def outcome(self, measured: float | None = None) -> int | None:
        """The index of the option that holds; None where the number lies in no option's span.

        Raises ValueError in one sentence for a number where none decides, and the other way round.
        """
        if not self.spans:
            if measured is not None:
                raise ValueError(f'{self.id} is not decided by a number: `reveal("{self.id}")`.')
            return next(n for n, option in enumerate(self.question.options) if option.right)
        if measured is None or not math.isfinite(measured):
            raise ValueError(
                f'{self.id} is decided by a finite number: `reveal("{self.id}", measured)`.'
            )
        inside = (n for n, (lo, hi) in enumerate(self.spans) if lo <= measured < hi)
        return next(inside, None)


@dataclass(frozen=True)
class Quiz:
    """A whole quiz. `pass_mark` is the share of the points that passes, above 0 and up to 1."""

    id: str
    title: str
    pass_mark: float
    questions: tuple[Question, ...]
    keyless: bool = False

    @property
    def max_points(self) -> int:
        return len(self.questions)

    @property
    def points_to_pass(self) -> int:
        """The fewest right answers that reach the pass mark: 7 of 9 for 0.7."""
        # 0.56 * 25 is 14.000000000000002 in floats, and still 14 questions.
        return math.ceil(self.pass_mark * self.max_points - 1e-9)


@dataclass(frozen=True)
class QuestionResult:
    """What one answer earned. `feedback` are sentences, in the order of the options chosen."""

    question: Question
    answered: bool
    right: bool
    feedback: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        return int(self.right)


@dataclass(frozen=True)
class QuizResult:
    """What the answers to a whole quiz earned."""

    quiz: Quiz
    questions: tuple[QuestionResult, ...]

    @property
    def points(self) -> int:
        return sum(result.points for result in self.questions)

    @property
    def passed(self) -> bool:
        return self.points >= self.quiz.points_to_pass

    @property
    def unanswered(self) -> tuple[int, ...]:
        """The numbers of the questions without an answer."""
        return tuple(r.question.number for r in self.questions if not r.answered)

    @property
    def wrong(self) -> tuple[QuestionResult, ...]:
        """The questions that earned nothing, answered or not."""
        return tuple(result for result in self.questions if not result.right)

    @property
    def summary(self) -> str:
        """One sentence: `6 of 9 right; the pass mark is 7.`"""
        quiz = self.quiz
        return f"{self.points} of {quiz.max_points} right; the pass mark is {quiz.points_to_pass}."
