"""How submissions are graded, as one plain value that travels to a worker on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

#: Seconds that one cell or one question may run, and one whole submission.
CELL_SECONDS = 30
SUBMISSION_SECONDS = 300


@dataclass(frozen=True)
class Settings:
    """The hidden seed, the budgets of one submission and what its answers run in.

    cell_seconds        CPU time of one cell, and of the questions of one exercise; three times as
                        much by the clock.
    submission_seconds  wall clock for everything that one submission runs.
    cpu_seconds         CPU time of all its processes together.
    memory_mib          memory of all its processes together.
    processes           processes and threads at the same time.
    kept_bytes          output of one cell that is kept; `stop_bytes` of it end the cell.
    isolation           bubblewrap, container or none.
    """

    seed: int = 0
    cell_seconds: float = CELL_SECONDS
    submission_seconds: float = SUBMISSION_SECONDS
    cpu_seconds: float = 2 * SUBMISSION_SECONDS
    memory_mib: int = 3072
    processes: int = 128
    kept_bytes: int = 200_000
    stop_bytes: int = 10_000_000
    isolation: str = "bubblewrap"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The settings that `to_dict` was called on. TypeError for a name that is none."""
        return cls(**data)
