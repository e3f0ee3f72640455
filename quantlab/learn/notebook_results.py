"""What a run of a notebook means for each exercise: one line of the table of `quantlab check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from quantlab.learn.run_notebook import TIMED_OUT, NotebookRun
from quantlab.teach.judging.verdict import Verdict

if TYPE_CHECKING:
    from quantlab.teach.judging.exercise import Exercise


@dataclass(frozen=True)
class Result:
    """One line of the table: how one exercise stands after the run."""

    exercise: str
    title: str
    verdict: Verdict
    points: float
    max_points: float
    next_step: str
    written: bool = False

    @property
    def fine(self) -> bool:
        """Correct, or a written answer that is there for a person to judge."""
        there = self.written and self.verdict is Verdict.INCONCLUSIVE
        return there or self.verdict is Verdict.CORRECT

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the verdict as its string."""
        return asdict(self) | {"verdict": str(self.verdict), "fine": self.fine}


def results(run: NotebookRun, exercises: Sequence[Exercise]) -> tuple[Result, ...]:
    """One line per exercise of the lesson, then one per other check (a quiz) in the notebook."""
    lines = [_result(run, e.id, e.title, e.points, e.kind == "written") for e in exercises]
    known = {e.id for e in exercises}
    lines += [
        _result(run, id_, str(said.get("title", id_)), float(said.get("max_points", 0)), False)
        for id_, said in run.judgements.items()
        if id_ not in known
    ]
    return tuple(lines)


def _result(run: NotebookRun, id_: str, title: str, points: float, written: bool) -> Result:
    said = run.judgements.get(id_)
    if said is None:
        verdict, step = _why_no_judgement(run, id_)
        return Result(id_, title, verdict, 0.0, points, step, written)
    word = str(said.get("verdict"))
    verdict = Verdict(word) if word in set(Verdict) else Verdict.INCONCLUSIVE
    steps = (said.get("cause"), said.get("next_step")) if verdict is Verdict.INCORRECT else ()
    step = next((str(s) for s in (*steps, said.get("next_step")) if s), "")
    return Result(id_, title, verdict, float(said.get("points", 0)), points, step, written)


def _why_no_judgement(run: NotebookRun, id_: str) -> tuple[Verdict, str]:
    """The verdict and next step for an exercise whose check displayed nothing in this run."""
    position = run.check_cells.get(id_)
    if position is None:
        return Verdict.MISSING, f'Add a cell with `check("{id_}")`: this notebook has none.'
    if run.stopped_at is not None and position >= run.stopped_at:
        assert run.why_stopped is not None
        said = "died" if run.why_stopped is Verdict.KERNEL_DIED else "stopped answering"
        return run.why_stopped, f"The kernel {said} in cell {run.stopped_at + 1}: look there first."
    name, message = run.errors.get(position, ("", ""))
    if name == TIMED_OUT:
        return Verdict.TIMEOUT, f"{message} Look for a loop that never ends."
    if name:
        return Verdict.ERROR, f"Its check stopped with {name}: {message}"[:160]
    return Verdict.MISSING, f'Let `check("{id_}")` be the last line of its cell.'
