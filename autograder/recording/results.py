"""From an autograded notebook to the results of its exercises, and the submission's own verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_solution

from autograder.nbgrader.guarded_execute import CHECKED
from autograder.nbgrader.sound_grades import STOPPED, outcome_of
from autograder.recording.record import ExerciseResult
from quantlab.teach.judging.verdict import Verdict

#: Of several reasons, the one a submission is listed under.
GRAVEST = (Verdict.GRADER_ERROR, Verdict.KERNEL_DIED, Verdict.TIMEOUT, Verdict.OUTPUT_LIMIT)


@dataclass(frozen=True)
class Results:
    """The exercises in order, the submission's verdict and its reason."""

    verdict: str
    reason: str
    exercises: tuple[ExerciseResult, ...]


def max_score_of(release: NotebookNode) -> float:
    """The points of every graded cell together."""
    return float(sum(c.metadata.nbgrader["points"] for c in release.cells if is_grade(c)))


def results_of(autograded: NotebookNode, points: Mapping[str, float | None]) -> Results:
    """What each graded cell gave. `points` is the gradebook's word, by grade id: it may hold a
    person's grade, and it wins."""
    exercises: list[ExerciseResult] = []
    reasons: dict[str, str] = {}
    for cell in autograded.cells:
        if not is_grade(cell):
            continue
        meta = cell.metadata.nbgrader
        id, most = _exercise_id(cell), float(meta["points"])
        if is_solution(cell):
            untouched = meta.get("checksum") == compute_checksum(cell)
            verdict = Verdict.NOT_ATTEMPTED if untouched else Verdict.INCONCLUSIVE
            misconception = None
        else:
            outcome = outcome_of(cell, most)
            verdict, misconception = outcome.verdict, outcome.misconception
            if verdict is Verdict.GRADER_ERROR or verdict in STOPPED:
                reasons.setdefault(verdict, f"{id}: {outcome.reason}")
        given = points.get(meta["grade_id"])
        exercises.append(ExerciseResult(id, str(verdict), given, most, misconception))
    for why in GRAVEST:
        if why in reasons:
            return Results(str(why), reasons[why], tuple(exercises))
    return Results("graded", "", tuple(exercises))


def misconceptions(
    results: Sequence[ExerciseResult],
) -> list[tuple[str, str]]:
    """(exercise, misconception) for each one that was named."""
    return [(r.id, r.misconception) for r in results if r.misconception]


def _exercise_id(cell: NotebookNode) -> str:
    """The id that the check names; for a text, the one in the cell's name (written-2-5)."""
    named = CHECKED.search(cell.source) if not is_solution(cell) else None
    if named:
        return named.group(1)
    grade_id = str(cell.metadata.nbgrader["grade_id"])
    kind, _, id = grade_id.partition("-")
    return id.replace("-", ".") if id else kind
