"""A learner's answers: plain data in memory, and a small JSON file that a submission carries.

Read for grading, the file is a stranger's: `read_answers` takes a regular file of at most 64 KiB,
plain JSON, and only answers that the quiz could have produced.
"""

from __future__ import annotations

import json
import math
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quantlab.teach.quiz.values import Question, Quiz

#: {question id: index | indices | number}; a question without an entry is unanswered.
Answers = dict[str, "int | list[int] | float"]

SCHEMA = 1
LARGEST_FILE = 64 * 1024
FILE_KEYS = {"schema", "quiz", "answers"}


def answers_path(quiz_id: str, folder: Path | None = None) -> Path:
    """Where the answers lie: beside the notebook, which is the kernel's working folder."""
    return (folder or Path.cwd()) / f"{quiz_id}.answers.json"


def clean_answers(quiz: Quiz, answers: Any) -> Answers:
    """The answers with their types checked, in the order of the questions.

    single: one option index (int, from 0); multiple: a list of different indices, where an empty
    one is no answer; numeric: a finite number. Raises ValueError in one sentence.
    """
    if not isinstance(answers, Mapping):
        raise ValueError("The answers are no mapping from a question's id to what was chosen.")
    known = {question.id for question in quiz.questions}
    unknown = [key for key in answers if key not in known]
    if unknown:
        raise ValueError(
            f"The answers name {str(unknown[0])[:40]!r}, a question that {quiz.id} does not have; "
            f"its questions are {', '.join(q.id for q in quiz.questions)}."
        )
    cleaned = {q.id: _clean(q, answers[q.id]) for q in quiz.questions if q.id in answers}
    return {key: value for key, value in cleaned.items() if value != []}


def _clean(question: Question, value: Any) -> int | list[int] | float:
    if question.kind == "numeric":
        return _finite(question, value)
    if question.kind == "single":
        return _index(question, value)
    if not isinstance(value, list | tuple):
        raise ValueError(f"The answer to {question.id} is no list; several options may be right.")
    chosen = sorted(_index(question, index) for index in value)
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"The answer to {question.id} names an option twice.")
    return chosen


def _index(question: Question, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"The answer to {question.id} is no option of that question.")
    if not 0 <= value < len(question.options):
        raise ValueError(
            f"The answer to {question.id} is outside its {len(question.options)} options."
        )
    return value


def _finite(question: Question, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise ValueError(f"The answer to {question.id} is no finite number.")


def typed_answer(question: Question, typed: Any) -> int | list[int] | float:
    """What a learner typed, as plain data: "b", ["a", "c"], 0.0231 or "0.0231 ms".

    Raises ValueError in one sentence when it is no answer to the question.
    """
    if question.kind == "numeric":
        return (
            typed_number(typed, question.unit)
            if isinstance(typed, str)
            else _finite(question, typed)
        )
    if question.kind == "single":
        return _letter(question, typed)
    letters = list(typed) if isinstance(typed, list | tuple | set) else [typed]
    return _letters(question, letters)


def _letters(question: Question, letters: Sequence[Any]) -> list[int]:
    if not letters:
        raise ValueError(f"{question.id}: the list is empty; name at least one letter.")
    return sorted({_letter(question, letter) for letter in letters})


def _letter(question: Question, typed: Any) -> int:
    letter = str(typed).strip().rstrip(")").lower()
    letters = question.letters
    if len(letter) != 1 or letter not in letters:
        raise ValueError(
            f"{question.id}: {str(typed)[:40]!r} is no option; "
            f"its options are {letters[0]} to {letters[-1]}."
        )
    return letters.index(letter)


def typed_number(text: str, unit: str = "") -> float:
    """The number in `text`, with or without the unit. Raises ValueError in one sentence."""
    bare = text.strip().replace("−", "-")
    if unit:
        bare = bare.removesuffix(unit).strip()
    if "," in bare:
        raise ValueError(f"{text.strip()[:40]!r} has a comma; write the number like 0.25 or 1200.")
    try:
        number = float(bare)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text.strip()[:40]!r} is no number; write it like 0.25 or 1200.")
    return number


def write_answers(path: Path, quiz: Quiz, answers: Mapping[str, Any]) -> None:
    """Write the answers; a reader sees the old file or the new one, never half of one.

    Raises ValueError for answers that the quiz cannot have, OSError when the folder refuses.
    """
    data = {"schema": SCHEMA, "quiz": quiz.id, "answers": clean_answers(quiz, answers)}
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_answers(path: Path, quiz: Quiz) -> Answers:
    """The answers in the file, or {} when there is none.

    Raises ValueError in one sentence for anything that this quiz did not write.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError(f"{path.name} is no ordinary file; expected are this quiz's answers.")
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror}).") from error
    if len(raw) > LARGEST_FILE:
        raise ValueError(
            f"{path.name} is larger than {LARGEST_FILE // 1024} KiB; answers are small."
        )
    data = _plain_json(raw, path.name)
    if not isinstance(data, dict) or set(data) != FILE_KEYS:
        raise ValueError(f"{path.name} does not hold exactly {', '.join(sorted(FILE_KEYS))}.")
    if type(data["schema"]) is not int or data["schema"] != SCHEMA:
        raise ValueError(f"{path.name} has a schema other than {SCHEMA}, the one known here.")
    if data["quiz"] != quiz.id:
        raise ValueError(f"{path.name} holds the answers of another quiz than {quiz.id}.")
    return clean_answers(quiz, data["answers"])


def _plain_json(raw: bytes, name: str) -> Any:
    def no_constant(word: str) -> None:
        raise ValueError(f"{word} is no JSON number")

    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        text = raw.decode("utf-8-sig")  # an editor on Windows may have put a mark in front
        return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_repeats)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no plain JSON; it was cut off or edited by hand.") from error


def set_aside(path: Path) -> Path:
    """Rename a damaged answers file, keeping every earlier one; returns its new path."""
    number = 1
    while (aside := path.with_suffix(f".damaged-{number}.json")).exists():
        number += 1
    return path.rename(aside)
