"""Makes nbgrader's feedback page speak of exercises: the card says the points, once."""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade

from autograder.nbgrader.sound_grades import judgements_of

LISTED = re.compile(r'(<a href="#[a-z]+-([\w-]+)">)(?:Test cell|Coding free-response)(</a>)')


class TidyChecks(NbGraderPreprocessor):
    """Drops the bare number below a check's card; it is there for nbgrader to read."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        if is_grade(cell) and judgements_of(cell):
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
        return cell, resources


def name_exercises(page: str) -> str:
    """In the page's list of contents, "Test cell" becomes "Exercise 1.2"."""
    return LISTED.sub(lambda m: f"{m[1]}Exercise {m[2].replace('-', '.')}{m[3]}", page)
