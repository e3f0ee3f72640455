"""Which trade-offs are worth having: the points that no other point beats in both respects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.analysis.plots.pareto import pareto_figure
from quantlab.base.report import Report
from quantlab.base.table import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Candidate:
    """One way to quantize a model.

    name : str
    accuracy : float
        Higher is better, in any unit.
    speed : float
        Higher is better: FP32 latency over this one's, or images a second.
    """

    name: str
    accuracy: float
    speed: float


@dataclass(frozen=True, repr=False)
class ParetoFront(Report):
    """`best`: candidates that nobody dominates, the fastest first; `dominated`: the others.

    `beaten_by[name]` is the candidate that shows why `name` is dominated.
    """

    best: tuple[Candidate, ...]
    dominated: tuple[Candidate, ...]
    beaten_by: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "best": [asdict(candidate) for candidate in self.best],
            "dominated": [
                {**asdict(candidate), "beaten_by": self.beaten_by[candidate.name]}
                for candidate in self.dominated
            ],
        }

    def plot(self, accuracy: str = "accuracy", speed: str = "speed against FP32 (×)") -> Figure:
        """Accuracy against speed with the front as steps; arguments are the axis labels."""
        best, dominated = (
            [(c.name, c.speed, c.accuracy) for c in some] for some in (self.best, self.dominated)
        )
        return pareto_figure(best, dominated, accuracy=accuracy, speed=speed)

    @property
    def summary(self) -> str:
        names = ", ".join(candidate.name for candidate in self.best)
        every = len(self.best) + len(self.dominated)
        return f"{len(self.best)} of {every} candidates are on the front: {names}"

    def tables(self) -> tuple[Table, ...]:
        rows = []
        for candidate in (*self.best, *self.dominated):
            beaten = self.beaten_by.get(candidate.name)
            on_front = f"no, {beaten} is better" if beaten else "yes"
            rows.append({**asdict(candidate), "on_front": on_front})
        columns = (
            Column("", "name"),
            Column("accuracy", "accuracy", ".4g"),
            Column("speed", "speed", ".3g"),
            Column("on the front?", "on_front"),
        )
        return (Table(columns, tuple(rows), strong=frozenset(range(len(self.best)))),)


def pareto_front(candidates: Iterable[Candidate]) -> ParetoFront:
    """Split candidates into those worth having and those that another one beats.

    A candidate is dominated when another is at least as accurate *and* at least as fast, and
    better in one of the two. Equal candidates do not dominate each other.

    Parameters
    ----------
    candidates : Candidates with different names, at least one

    Raises
    ------
    ValueError
        No candidates, two of one name, a value that is not finite.

    Examples
    --------
    >>> front = pareto_front(
    ...     [Candidate("fp32", 0.91, 1.0), Candidate("int8", 0.90, 2.0), Candidate("s8", 0.89, 1.1)]
    ... )
    >>> print(front)
    2 of 3 candidates are on the front: int8, fp32
          accuracy  speed  on the front?
    int8       0.9      2  yes
    fp32      0.91      1  yes
    s8        0.89    1.1  no, int8 is better
    """
    every = sorted(candidates, key=lambda c: (-c.speed, -c.accuracy))
    _check(every)
    best: list[Candidate] = []
    dominated: list[Candidate] = []
    beaten_by: dict[str, str] = {}
    for candidate in every:  # whoever is faster, or as fast and more accurate, came before
        champion = max(best, key=lambda c: c.accuracy, default=None)
        if champion is None or _beats(candidate, champion) or _equal(candidate, champion):
            best.append(candidate)
        else:
            dominated.append(candidate)
            beaten_by[candidate.name] = champion.name
    return ParetoFront(tuple(best), tuple(dominated), beaten_by)


def _beats(candidate: Candidate, champion: Candidate) -> bool:
    return candidate.accuracy > champion.accuracy


def _equal(a: Candidate, b: Candidate) -> bool:
    return (a.accuracy, a.speed) == (b.accuracy, b.speed)


def _check(candidates: list[Candidate]) -> None:
    if not candidates:
        raise ValueError("there are no candidates, but a front needs at least one: pass some.")
    names = [candidate.name for candidate in candidates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two candidates are called {twice!r}: give each its own name.")
    for candidate in candidates:
        if not np.isfinite([candidate.accuracy, candidate.speed]).all():
            raise ValueError(
                f"{candidate.name!r} has accuracy {candidate.accuracy} and speed "
                f"{candidate.speed}, but both must be finite: measure it, or leave it out."
            )
