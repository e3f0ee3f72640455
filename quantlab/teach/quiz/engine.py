"""A quiz: loading it, scoring answers, and the judgement of an answers file.

A question is worth one point. A multiple choice earns it with all right options and no wrong one.
Nothing here knows about widgets or progress; `learn.quiz_widget` is what a notebook shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict
from quantlab.teach.quiz.answers import Answers, clean_answers, read_answers
from quantlab.teach.quiz.schema import (
    check_predictions,
    check_quiz,
    check_statements,
    span_of,
)
from quantlab.teach.quiz.values import (
    LikelyWrong,
    Option,
    Prediction,
    Question,
    QuestionResult,
    Quiz,
    QuizResult,
)

GRADED_BY_INSTRUCTOR = "This quiz is graded by your instructor."


def read_quiz(path: Path) -> Quiz:
    """The quiz in a YAML file. Raises ValueError in one sentence when the file is none."""
    return parse_quiz(_plain_yaml(path), path.name)


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """The predictions in a YAML file. Raises ValueError in one sentence when the file has none."""
    data = _plain_yaml(path)
    check_predictions(data, path.name)
    return tuple(_prediction(n, entry) for n, entry in enumerate(data, start=1))


def read_statements(path: Path) -> Question:
    """The sentences of a self-assessment as one question: tick all that you can do.

    Raises ValueError in one sentence when the file is no list of sentences with their lessons.
    """
    data = _plain_yaml(path)
    check_statements(data, path.name)
    options = tuple(Option(_one_line(e["text"]), lessons=tuple(e["lessons"])) for e in data)
    return Question("i_can", 1, "Tick what you can do.", "multiple", options=options)


def _plain_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = " ".join(str(error).split())
        raise ValueError(f"{path.name}: the file is no YAML text: {first}.") from error


def parse_quiz(data: Mapping[str, Any], where: str = "quiz") -> Quiz:
    """The plain data of a quiz file as a value. Raises ValueError in one sentence."""
    check_quiz(data, where)
    return Quiz(
        id=data["id"],
        title=_one_line(data["title"]),
        pass_mark=float(data["pass_mark"]),
        questions=tuple(_question(n, q) for n, q in enumerate(data["questions"], start=1)),
        keyless=data.get("keyless", False),
    )


def _question(number: int, data: Mapping[str, Any]) -> Question:
    key = "answer" in data
    return Question(
        id=data["id"],
        number=number,
        text=_one_line(data["text"]),
        kind=data["kind"],
        lesson=data.get("lesson", ""),
        unit=data.get("unit", ""),
        options=tuple(_option(option) for option in data.get("options", ())),
        answer=float(data["answer"]) if key else None,
        tolerance=float(data.get("tolerance", 0)),
        feedback=_one_line(data.get("feedback", "")),
        otherwise=_one_line(data.get("otherwise", "")),
        likely_wrong=tuple(
            LikelyWrong(
                float(near["value"]),
                float(near.get("tolerance", data["tolerance"])),
                _one_line(near["feedback"]),
            )
            for near in data.get("wrong", ())
        ),
    )


def _prediction(number: int, data: Mapping[str, Any]) -> Prediction:
    options = tuple(
        Option(_one_line(o["text"]), o.get("right", False), _one_line(o.get("feedback", "")))
        for o in data["options"]
    )
    decided = any("from" in o or "below" in o for o in data["options"])
    return Prediction(
        Question(data["id"], number, _one_line(data["text"]), "single", options=options),
        tuple(span_of(o, data["id"]) for o in data["options"]) if decided else (),
        data.get("unit", ""),
        _one_line(data["why"]),
    )


def _option(data: Mapping[str, Any]) -> Option:
    right = data.get("right", False) if "feedback" in data else None
    return Option(_one_line(data["text"]), right, _one_line(data.get("feedback", "")))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def score(quiz: Quiz, answers: Mapping[str, Any]) -> QuizResult:
    """Score plain answers {question id: index | [index] | number}.

    Raises ValueError in one sentence for a keyless quiz and for answers that are none.
    """
    if quiz.keyless:
        raise ValueError(
            f"{GRADED_BY_INSTRUCTOR} This copy of {quiz.id} holds no key to score with."
        )
    given = clean_answers(quiz, answers)
    return QuizResult(quiz, tuple(_score_one(question, given) for question in quiz.questions))


def _score_one(question: Question, given: Answers) -> QuestionResult:
    if question.id not in given:
        return QuestionResult(question, answered=False, right=False)
    if question.kind == "numeric":
        return _score_number(question, float(given[question.id]))  # type: ignore[arg-type]
    value = given[question.id]
    return _score_choice(question, set(value) if isinstance(value, list) else {value})


def _score_choice(question: Question, chosen: set[Any]) -> QuestionResult:
    right = {n for n, option in enumerate(question.options) if option.right}
    feedback = [
        f"{question.letters[n]}) {question.options[n].feedback}"
        if question.kind == "multiple"
        else question.options[n].feedback
        for n in sorted(chosen)
    ]
    if chosen < right:
        feedback.append("All that you chose holds. Which other option would you defend?")
    return QuestionResult(question, True, chosen == right, tuple(feedback))


def _within(number: float, value: float, tolerance: float) -> bool:
    """In decimals as written: as doubles, 0.63 is a hair more than 0.005 from 0.625."""
    if not math.isfinite(number):
        return False
    given, near, limit = (Decimal(repr(float(n))) for n in (number, value, tolerance))
    return abs(given - near) <= limit


def _score_number(question: Question, number: float) -> QuestionResult:
    assert question.answer is not None, "check_quiz lets no numeric question with a key lack it"
    if _within(number, question.answer, question.tolerance):
        return QuestionResult(question, True, True, (question.feedback,))
    near = [w for w in question.likely_wrong if _within(number, w.value, w.tolerance)]
    nearest = min(near, key=lambda w: abs(number - w.value), default=None)
    said = nearest.feedback if nearest else question.otherwise
    return QuestionResult(question, True, False, (said,))


def judge_quiz(quiz: Quiz, path: Path) -> Judgement:
    """Judge the answers file at `path`, which may be anyone's: nothing in it is trusted.

    correct from the pass mark on, incorrect below it, not_attempted without an answer,
    inconclusive for a keyless quiz, malformed for a file that no quiz wrote.
    """
    try:
        answers = read_answers(path, quiz)
    except ValueError as damage:
        step = f'Run `quiz("{quiz.id}")` again, answer, and press Verify.'
        return _judgement(quiz, Verdict.MALFORMED, observed=str(damage), next_step=step)
    if not answers:
        step = f'Answer `quiz("{quiz.id}")` first; it keeps your answers beside this notebook.'
        said = "No question is answered yet."
        return _judgement(quiz, Verdict.NOT_ATTEMPTED, observed=said, next_step=step)
    if quiz.keyless:
        said = f"{len(answers)} of {quiz.max_points} questions answered. {GRADED_BY_INSTRUCTOR}"
        return _judgement(quiz, Verdict.INCONCLUSIVE, observed=said)
    return _judge_result(score(quiz, answers))


def _judge_result(result: QuizResult) -> Judgement:
    return _judgement(
        result.quiz,
        Verdict.CORRECT if result.passed else Verdict.INCORRECT,
        points=float(result.points),
        groups=tuple(
            GroupResult(f"question {r.question.number}", 1.0, float(r.points))
            for r in result.questions
        ),
        observed=result.summary,
        next_step=look_again(result),
    )


def _judgement(quiz: Quiz, verdict: Verdict, points: float = 0.0, **said: Any) -> Judgement:
    return Judgement(quiz.id, quiz.title, verdict, points, float(quiz.max_points), **said)


def look_again(result: QuizResult) -> str:
    """Which questions to look at again and in which lesson; "" when all are right."""
    if not result.wrong:
        return ""
    places = ", ".join(
        f"question {r.question.number}" + (f" ({r.question.lesson})" if r.question.lesson else "")
        for r in result.wrong
    )
    return f"Look again at {places}."
