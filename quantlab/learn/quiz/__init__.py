"""Quizzes: `load_quiz`, `score`, `judge_quiz`; the questions themselves stand in `quizzes/`."""

from quantlab.learn.quiz.engine import (
    GRADED_BY_INSTRUCTOR,
    QUIZZES,
    judge_quiz,
    load_quiz,
    look_again,
    parse_quiz,
    quiz_ids,
    score,
)
from quantlab.learn.quiz.schema import without_key
from quantlab.learn.quiz.values import (
    LikelyWrong,
    Option,
    Question,
    QuestionResult,
    Quiz,
    QuizResult,
)

__all__ = [
    "GRADED_BY_INSTRUCTOR",
    "QUIZZES",
    "LikelyWrong",
    "Option",
    "Question",
    "QuestionResult",
    "Quiz",
    "QuizResult",
    "judge_quiz",
    "load_quiz",
    "look_again",
    "parse_quiz",
    "quiz_ids",
    "score",
    "without_key",
]
