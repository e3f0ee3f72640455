"""The rubric under each written answer, in the notebook that a person grades in formgrader."""

from __future__ import annotations

import copy

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from quantlab.lessons.catalogue import find
from quantlab.teach.judging.card import Card, rubric_lines

#: In an output's metadata: for the eyes of who grades.
FOR_GRADERS = "quantlab_for_graders"


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
