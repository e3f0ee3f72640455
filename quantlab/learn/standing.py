"""Where one exercise stands for a learner: what all of the attempts come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quantlab.teach.judging.verdict import FINISHED, Verdict


@dataclass(frozen=True)
class Standing:
    """`points` are the best so far, `attempts` the finished ones, `last` is the last verdict."""

    points: float = 0.0
    attempts: int = 0
    hints: int = 0
    passed: bool = False
    self_assessed: bool = False
    solution_opened: bool = False
    last: Verdict | None = None

    @property
    def done(self) -> bool:
        """Passed, or for a written answer: compared with the rubric."""
        return self.passed or self.self_assessed


def standing_of(
    attempts: list[tuple[Verdict, float]], helped: tuple[Any, ...], assessed: float | None
) -> Standing:
    """The standing from (verdict, points) per attempt, (hints, when the solution was opened), and
    the points of the latest self-assessment, None where there is none."""
    # A written answer's attempt is undecided: only its latest self-assessment gives points.
    finished = [points for verdict, points in attempts if verdict in FINISHED]
    return Standing(
        points=max([*finished, assessed or 0.0]),
        attempts=len(finished),
        hints=helped[0],
        passed=any(verdict is Verdict.CORRECT for verdict, _ in attempts),
        self_assessed=assessed is not None,
        solution_opened=helped[1] is not None,
        last=attempts[-1][0] if attempts else None,
    )
