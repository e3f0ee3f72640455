"""Which points a check cell is worth, read from its outputs; everything unsound goes to a person.

nbgrader takes the first number that a check shows, gives full marks for `nan` and for no output at
all, and loses the submission for `inf`. Here the judgement (plain data beside the card) and the
number must agree and lie between 0 and the maximum; otherwise the cell is left ungraded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import determine_grade, is_solution

from quantlab.teach.judging.card import JUDGEMENT_MIME
from quantlab.teach.judging.verdict import Verdict

#: The judgement of a check that a grader had to end: zero points, and no number from the check.
STOPPED = frozenset(
    {Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.OUTPUT_LIMIT, Verdict.KERNEL_DIED}
)


@dataclass(frozen=True)
class Outcome:
    """One check: `points` is None where a person must decide, and `reason` says why."""

    verdict: Verdict
    points: float | None
    reason: str = ""
    misconception: str | None = None
    exercise: str = ""


def judgements_of(cell: NotebookNode) -> list[dict[str, Any]]:
    """The judgements that a cell's outputs carry, in order."""
    found = [o.data[JUDGEMENT_MIME] for o in cell.get("outputs", ()) if JUDGEMENT_MIME in _data(o)]
    return [j for j in found if isinstance(j, dict)]


def outcome_of(cell: NotebookNode, max_points: float) -> Outcome:
    """What a check cell's outputs are worth. Never raises for anything the outputs hold."""
    judgements = judgements_of(cell)
    if len(judgements) != 1:
        return _unsound(_why_not_one(cell, len(judgements)))
    judgement = judgements[0]
    exercise = str(judgement.get("exercise", ""))
    try:
        verdict = Verdict(str(judgement.get("verdict")))
    except ValueError:
        return _unsound("The check gave a verdict that does not exist.", exercise)
    if verdict in STOPPED:
        return Outcome(verdict, 0.0, str(judgement.get("observed", "")), None, exercise)
    if verdict is Verdict.GRADER_ERROR:
        return _unsound(str(judgement.get("observed", "")), exercise)
    points = _number(judgement.get("points"))
    shown = _shown(cell)
    if points is None or not 0 <= points <= max_points:
        return _unsound(
            f"The check gave {judgement.get('points')!r}; expected is a number from 0 to "
            f"{max_points:g}.",
            exercise,
        )
    if shown is None or abs(shown - points) > 1e-9:
        return _unsound("The number that the check showed is not that of its judgement.", exercise)
    named = judgement.get("misconception")
    return Outcome(verdict, points, "", named if isinstance(named, str) else None, exercise)


class SoundGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, with the points of a check from `outcome_of`."""

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        meta = cell.metadata.nbgrader
        if is_solution(cell) or cell.cell_type != "code":
            points, _ = determine_grade(cell, self.log)  # a written answer: zero when untouched
        else:
            points = outcome_of(cell, float(meta["points"])).points
        grade = self.gradebook.find_grade(
            meta["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = points
        # A person's grade stays; it is marked, because what it judged may have changed.
        grade.needs_manual_grade = grade.manual_score is not None or points is None
        self.gradebook.db.commit()


def _unsound(reason: str, exercise: str = "") -> Outcome:
    return Outcome(Verdict.GRADER_ERROR, None, reason, None, exercise)


def _why_not_one(cell: NotebookNode, count: int) -> str:
    if count:
        return f"The check gave {count} judgements; expected is one."
    errors = [o for o in cell.get("outputs", ()) if o.output_type == "error"]
    if errors:
        return f"The check stopped with {errors[0].ename}: {str(errors[0].evalue)[:200]}"
    return "The check gave no judgement."


def _data(output: NotebookNode) -> dict[str, Any]:
    return output.get("data", {}) if output.output_type == "display_data" else {}


def _shown(cell: NotebookNode) -> float | None:
    """The number that the cell's own result shows, as nbgrader would read it."""
    results = [o for o in cell.get("outputs", ()) if o.output_type == "execute_result"]
    text = results[0].get("data", {}).get("text/plain") if len(results) == 1 else None
    try:
        return _number(float("".join(text))) if text else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
