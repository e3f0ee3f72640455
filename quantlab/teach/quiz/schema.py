"""The shape of a quiz file: what an author may write, and what a graded release keeps of it.

`check_quiz` refuses a file with one sentence: what was seen, what is expected, what to do.
`without_key` copies the listed keyless fields only, so a field added to the key later stays out
of a release by default.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from quantlab.teach.quiz.fields import (
    check_asks,
    check_flag,
    check_known,
    check_no_repeats,
    check_text,
    either,
    number_in,
    tolerance_in,
)

KINDS = ("single", "multiple", "numeric")
ID = re.compile(r"[a-z0-9][a-z0-9_]*")
#: A question's id is a keyword argument of `answer(q1=...)`, so it starts with a letter.
QUESTION_ID = re.compile(r"[a-z][a-z0-9_]*")

QUIZ_KEYS = ("id", "title", "pass_mark", "keyless", "questions")
OPEN_KEYS = ("id", "text", "kind", "lesson", "unit")  # the fields of a question without its key
CHOICE_KEYS = (*OPEN_KEYS[:-1], "options")
NUMERIC_KEYS = (*OPEN_KEYS, "answer", "tolerance", "feedback", "wrong", "otherwise")
OPTION_KEYS = ("text", "right", "feedback")
PREDICTION_ID = re.compile(r"\d+\.[a-z]")
STATEMENT_KEYS = ("text", "lessons")
PREDICTION_KEYS = ("id", "text", "unit", "options", "why")
BEFORE_KEYS = (*OPTION_KEYS, "from", "below")  # of an option that a measurement decides about
WRONG_KEYS = ("value", "tolerance", "feedback")
MOST_OPTIONS = 26  # one letter each
MOST_BUTTONS = 4  # of a prediction: more are no longer seen at a glance


def check_quiz(data: Any, where: str) -> None:
    """Raise ValueError with one sentence unless `data` is a quiz; `where` names the file."""
    check_known(data, QUIZ_KEYS, where)
    check_text(data, "id", where)
    if not ID.fullmatch(data["id"]):
        raise ValueError(
            f"{where}: id is {data['id']!r}, but an id is lower-case letters, digits and _."
        )
    check_text(data, "title", where)
    check_flag(data, "keyless", where)
    mark = number_in(data, "pass_mark", where)
    if not 0 < mark <= 1:
        raise ValueError(
            f"{where}: pass_mark is {mark:g}, but it is a share above 0 and up to 1, such as 0.7."
        )
    questions = data.get("questions")
    if not isinstance(questions, list) or not questions:
        raise ValueError(
            f"{where}: questions is no list with entries; write at least one question."
        )
    for number, question in enumerate(questions, start=1):
        _check_question(question, f"{where}, question {number}", data.get("keyless", False))
    check_no_repeats((q["id"] for q in questions), "id", where)


def check_predictions(data: Any, where: str) -> None:
    """Raise ValueError with one sentence unless `data` is a list of predictions."""
    if not isinstance(data, list) or not data:
        raise ValueError(f"{where}: expected is a list of predictions; write at least one.")
    for number, prediction in enumerate(data, start=1):
        _check_prediction(prediction, f"{where}, prediction {number}")
    check_no_repeats((prediction["id"] for prediction in data), "id", where)


def check_statements(data: Any, where: str) -> None:
    """Raise ValueError with one sentence unless `data` is a list of different sentences, each with
    the numbers of its lessons."""
    if not isinstance(data, list) or not 1 <= len(data) <= MOST_OPTIONS:
        raise ValueError(f"{where}: expected is a list of 1 to {MOST_OPTIONS} sentences.")
    for number, entry in enumerate(data, start=1):
        here = f"{where}, sentence {number}"
        check_known(entry, STATEMENT_KEYS, here)
        check_text(entry, "text", here)
        numbers = entry.get("lessons")
        if not isinstance(numbers, list) or not numbers or any(type(n) is not int for n in numbers):
            raise ValueError(f"{here}: lessons is {numbers!r}; expected is a list such as [6, 8].")
    check_no_repeats((entry["text"] for entry in data), "sentence", where)


def without_key(data: Mapping[str, Any]) -> dict[str, Any]:
    """The quiz as a class may receive it: no right, answer, tolerance, feedback or likely value.

    Takes and returns the plain data of a quiz file; questions and options keep their order. The
    result is marked `keyless: true`: it can be answered and stored, but not scored.
    """
    check_quiz(data, f"quiz {data.get('id') if isinstance(data, Mapping) else data!r}")
    return {
        "id": data["id"],
        "title": data["title"],
        "pass_mark": data["pass_mark"],
        "keyless": True,
        "questions": [_open_question(question) for question in data["questions"]],
    }


def _open_question(question: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: question[key] for key in OPEN_KEYS if key in question}
    if "options" in question:
        kept["options"] = [{"text": option["text"]} for option in question["options"]]
    return kept


def _check_question(question: Any, where: str, keyless: bool) -> None:
    # Any key of any kind is let through here; the kind's own check names the misplaced ones.
    check_known(question, {*CHOICE_KEYS, *NUMERIC_KEYS}, where)
    check_text(question, "id", where)
    if not QUESTION_ID.fullmatch(question["id"]):
        raise ValueError(
            f"{where}: id is {question['id']!r}, but it starts with a letter and goes on with "
            "lower-case letters, digits and _."
        )
    where = f"{where} ({question['id']})"
    check_text(question, "text", where)
    if "lesson" in question:
        check_text(question, "lesson", where)
    kind = question.get("kind")
    if kind not in KINDS:
        raise ValueError(f"{where}: kind is {kind!r}, but a question is {either(KINDS)}.")
    if kind == "numeric":
        _check_numeric(question, where, keyless)
    else:
        _check_choice(question, where, keyless)


def _check_choice(question: Mapping[str, Any], where: str, keyless: bool) -> None:
    check_known(question, CHOICE_KEYS, where)
    options = question.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MOST_OPTIONS:
        raise ValueError(f"{where}: options is no list of 2 to {MOST_OPTIONS} entries; write them.")
    at = [f"{where}, option {number}" for number in range(1, len(options) + 1)]
    for option, place in zip(options, at, strict=True):
        check_known(option, OPTION_KEYS[:1] if keyless else OPTION_KEYS, place)
        check_text(option, "text", place)
        check_flag(option, "right", place)
    check_no_repeats((option["text"] for option in options), "option text", where)
    if keyless:
        return
    _check_right(question["kind"], [option.get("right", False) for option in options], where)
    for option, place in zip(options, at, strict=True):
        if option.get("right", False):
            check_text(option, "feedback", place)
        else:
            check_asks(option, "feedback", place)


def _check_right(kind: str, right: list[bool], where: str) -> None:
    if not any(right):
        raise ValueError(f"{where}: no option is right; mark one with `right: true`.")
    if kind == "single" and sum(right) > 1:
        raise ValueError(
            f"{where}: {sum(right)} options are right, but a single choice has one; "
            "write `kind: multiple` or unmark the others."
        )
    if all(right):
        raise ValueError(f"{where}: every option is right; write at least one wrong one.")


def _check_prediction(prediction: Any, where: str) -> None:
    check_known(prediction, PREDICTION_KEYS, where)
    for key in ("id", "text", "why"):
        check_text(prediction, key, where)
    if not PREDICTION_ID.fullmatch(prediction["id"]):
        raise ValueError(
            f"{where}: id is {prediction['id']!r}, but it is a lesson and a letter, such as 3.a."
        )
    where = f"{where} ({prediction['id']})"
    options = prediction.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MOST_BUTTONS:
        raise ValueError(f"{where}: options is no list of 2 to {MOST_BUTTONS} entries; write them.")
    for number, option in enumerate(options, start=1):
        at = f"{where}, option {number}"
        check_known(option, BEFORE_KEYS, at)
        check_text(option, "text", at)
        check_flag(option, "right", at)
        if not option.get("right", False):
            check_asks(option, "feedback", at)
    check_no_repeats((option["text"] for option in options), "option text", where)
    right = [option.get("right", False) for option in options]
    if not any("from" in option or "below" in option for option in options):
        _check_right("single", right, where)
        if "unit" in prediction:
            raise ValueError(f"{where}: unit is given, but no option has a number; drop it.")
        return
    if any(right):
        raise ValueError(f"{where}: an option is marked right, but the measured number decides.")
    if "unit" in prediction:
        check_text(prediction, "unit", where)
    _check_spans(options, where)


def _check_spans(options: list[Mapping[str, Any]], where: str) -> None:
    for number, option in enumerate(options, start=1):
        if not {"from", "below"} & set(option):
            raise ValueError(f"{where}, option {number}: from and below are missing; write one.")
    spans = [span_of(option, where) for option in options]
    if empty := [n for n, (lo, hi) in enumerate(spans, start=1) if lo >= hi]:
        raise ValueError(
            f"{where}, option {empty[0]}: from is not less than below; no number fits."
        )
    ordered = sorted(spans)
    for (_, hi), (lo, _) in itertools.pairwise(ordered):
        if lo < hi:
            raise ValueError(
                f"{where}: two options hold {lo:g}; let one end where the other begins."
            )


def span_of(option: Mapping[str, Any], where: str) -> tuple[float, float]:
    """The numbers of an option, (lo, hi): from lo, below hi; an end that is not written is open."""
    lo = number_in(option, "from", where) if "from" in option else -math.inf
    hi = number_in(option, "below", where) if "below" in option else math.inf
    return lo, hi


def _check_numeric(question: Mapping[str, Any], where: str, keyless: bool) -> None:
    check_known(question, OPEN_KEYS if keyless else NUMERIC_KEYS, where)
    if "unit" in question:
        check_text(question, "unit", where)
    if keyless:
        return
    answer = number_in(question, "answer", where)
    tolerance = tolerance_in(question, where)
    check_text(question, "feedback", where)
    check_asks(question, "otherwise", where)
    wrong = question.get("wrong")
    if not isinstance(wrong, list) or not wrong:
        raise ValueError(f"{where}: wrong is no list with entries; write the likely wrong values.")
    for number, near in enumerate(wrong, start=1):
        at = f"{where}, wrong value {number}"
        check_known(near, WRONG_KEYS, at)
        value = number_in(near, "value", at)
        if "tolerance" in near:
            tolerance_in(near, at)
        check_asks(near, "feedback", at)
        if abs(value - answer) <= tolerance:
            raise ValueError(
                f"{at}: {value:g} lies within {tolerance:g} of the answer {answer:g}, so it counts "
                "as right; narrow the tolerance or drop the value."
            )
