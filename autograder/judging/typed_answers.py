"""A quiz answered as code, `quiz("quick_test").answer(q1="b")`: read from the cells, never run.

At home such a line writes the answers file beside the notebook. A student who hands in the notebook
alone has answered all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.intake.defined_names import as_python
from quantlab.teach.quiz import Quiz
from quantlab.teach.quiz.answers import answers_path, typed_answer, write_answers

#: More text than any honest cell that answers a quiz.
LONGEST_CELL = 20_000


def write_typed_answers(cells: Iterable[NotebookNode], quiz: Quiz, folder: Path) -> None:
    """Write the answers file that these cells would have written; none where there are none."""
    questions = {question.id: question for question in quiz.questions}
    given: dict[str, Any] = {}
    for name, value in _typed(cells):
        if name in questions:
            try:
                given[name] = typed_answer(questions[name], value)
            except ValueError:  # at home it is refused in a sentence, and nothing is kept
                continue
    if given:
        write_answers(answers_path(quiz.id, folder), quiz, given)


def _typed(cells: Iterable[NotebookNode]) -> Iterator[tuple[str, Any]]:
    """Every `name=literal` of a call of something's `answer`, in order."""
    for cell in cells:
        if cell.cell_type != "code" or len(cell.source) > LONGEST_CELL:
            continue
        try:
            tree = ast.parse(as_python(cell.source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "answer":
                yield from _literals(node)


def _literals(call: ast.Call) -> Iterator[tuple[str, Any]]:
    for word in call.keywords:
        try:
            value = ast.literal_eval(word.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
        if word.arg is not None:
            yield word.arg, value
