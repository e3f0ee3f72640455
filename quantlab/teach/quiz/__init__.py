"""Quizzes: `read_quiz`, `score`, `judge_quiz`; the questions stand in each lesson's quiz.yaml."""

from quantlab.teach.quiz.engine import (
    GRADED_BY_INSTRUCTOR,
    judge_quiz,
    look_again,
    parse_quiz,
    read_predictions,
    read_quiz,
    read_statements,
    score,
)
from quantlab.teach.quiz.schema import without_key
from quantlab.teach.quiz.values import (
    LikelyWrong,
    Option,
    Prediction,
    Question,
    QuestionResult,
    Quiz,
    QuizResult,
)

__all__ = [
    "GRADED_BY_INSTRUCTOR",
    "LikelyWrong",
    "Option",
    "Prediction",
    "Question",
    "QuestionResult",
    "Quiz",
    "QuizResult",
    "judge_quiz",
    "look_again",
    "parse_quiz",
    "read_predictions",
    "read_quiz",
    "read_statements",
    "score",
    "without_key",
]
