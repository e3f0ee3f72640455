"""The cards that people see: for a student without a hidden case, for a grader with the rubric."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from quantlab.lessons.catalogue import find
from quantlab.teach.judging.card import Card, judgement_card, rubric_lines
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict

#: In an output's metadata: for the eyes of who grades.
FOR_GRADERS = "quantlab_for_graders"
#: The error alone: its message may hold the case, and a student can write that message.
ERROR = re.compile(r"The code stopped with ([A-Za-z_]\w*)")


def student_card(data: dict[str, Any]) -> Card:
    """The card of a judgement, as its `to_dict` gave it, without any case that stays hidden.

    A function is called with inputs that nobody has seen, and what it gave shows them. What a
    student wrote in the notebook themselves, a value or a choice, is said as it is.
    """
    groups = tuple(GroupResult(**group) for group in data["groups"])
    whole = Judgement(**(data | {"verdict": Verdict(data["verdict"]), "groups": groups}))
    if whole.verdict not in (Verdict.INCORRECT, Verdict.ERROR) or not _is_function(whole.exercise):
        return judgement_card(whole)
    stopped = ERROR.search(whole.observed)
    said = f"The code stopped with {stopped[1]}." if stopped else ""
    return judgement_card(replace(whole, observed=said, picture="", picture_text=""))


def with_rubrics(notebook: NotebookNode) -> NotebookNode:
    """A copy of the notebook with the rubric under each written answer, for formgrader."""
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        if is_grade(cell) and is_solution(cell) and cell.cell_type == "code":
            id = cell.metadata.nbgrader["grade_id"].partition("-")[2].replace("-", ".")
            lines = _rubric(id)
            if lines:
                card = Card(f"How {id} is graded", lines)
                output = nbformat.v4.new_output("display_data", data=card._repr_mimebundle_())
                output.metadata[FOR_GRADERS] = True
                cell.outputs = [o for o in cell.outputs if not for_graders(o)] + [output]
    return shown


def for_graders(output: NotebookNode) -> bool:
    """Whether an output is for the eyes of who grades."""
    return bool(output.get("metadata", {}).get(FOR_GRADERS))


def _rubric(id: str) -> tuple[tuple[str, str], ...]:
    try:
        return rubric_lines(find(id))
    except KeyError:
        return ()


def _is_function(id: str) -> bool:
    try:
        return find(id).kind == "function"
    except KeyError:
        return False
