"""Makes nbgrader's feedback page speak of exercises: a card each, and nothing that stays hidden."""

from __future__ import annotations

import re
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade

from autograder.nbgrader.sound_grades import judgements_of
from autograder.publishing.cards import student_card
from autograder.recording.rubrics import for_graders

LISTED = re.compile(r'(<a href="#[a-z]+-([\w-]+)">)(?:Test cell|Coding free-response)(</a>)')
#: nbgrader's template loads MathJax from another machine; a page that is handed out loads nothing.
SCRIPT = re.compile(r"<script\b.*?</script\s*>|<!--[^>]*mathjax[^>]*-->", re.S | re.I)
NOTHING_ELSE = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)


class TidyChecks(NbGraderPreprocessor):
    """A check's outputs become the card that its student may see; a rubric stays with graders."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not for_graders(output)]
        if is_grade(cell) and (found := judgements_of(cell)):
            cards = [student_card(judgement) for judgement in found]
            cell.outputs = [_shown(card._repr_mimebundle_()) for card in cards]
        return cell, resources


def _shown(bundle: dict[str, Any]) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data=bundle)


def name_exercises(page: str) -> str:
    """In the page's list of contents, "Test cell" becomes "Exercise 1.2"."""
    return LISTED.sub(lambda m: f"{m[1]}Exercise {m[2].replace('-', '.')}{m[3]}", page)


def load_nothing(page: str) -> str:
    """The page without scripts, and with a rule for the browser to load nothing."""
    return SCRIPT.sub("", page).replace("<head>", f"<head>\n{NOTHING_ELSE}", 1)
