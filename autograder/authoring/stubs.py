"""nbgrader's ClearSolutions with a gap that fits: a function raises, a value is `name = ...`.

A bare `raise` at the top of a cell would stop "Run All" in the middle of a lesson; a function that
raises only does so when it is called.
"""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions

from quantlab.teach.source import REGION

YOUR_CODE = "# YOUR CODE HERE"
YOUR_TEXT = "# YOUR ANSWER HERE, between the quotes"


class FittingStubs(ClearSolutions):
    """Clears solution regions; a region that stands at the margin becomes empty assignments."""

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        before = cell.source
        if cell.cell_type == "code":
            cell.source = REGION.sub(_at_the_margin, cell.source)
        inner = bool(super()._replace_solution_region(cell, language))
        cleared = inner or cell.source != before
        cell.source = cell.source.rstrip("\n")
        return cleared


def _at_the_margin(region: re.Match[str]) -> str:
    if region.group(0)[:1] in " \t":
        return region.group(0)
    lines = []
    for statement in ast.parse(region.group(1)).body:
        if not isinstance(statement, ast.Assign):
            continue
        empty = '"""\n\n"""' if _is_text(statement.value) else "..."
        lines += [
            f"{name.id} = {empty}"
            for target in statement.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        ]
    if not lines:
        return region.group(0)
    opening = YOUR_TEXT if any(line.endswith('"""') for line in lines) else YOUR_CODE
    return "\n".join([opening, *lines]) + "\n"


def _is_text(value: ast.expr) -> bool:
    """A text of several lines is a written answer; a short one is a choice."""
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and "\n" in value.value
