"""What it costs to be late: nbgrader's plug-in, as the course's own configuration names it."""

from __future__ import annotations

from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from autograder.recording.store import Penalty


def penalty_of(config: Config) -> Penalty:
    """The course's late plug-in as a function; one that says nothing costs nothing."""
    asked = AssignLatePenalties(config=config)
    asked.init_plugin()

    def penalty(student: str, points: float, seconds_late: float) -> float:
        said = asked.plugin_inst.late_submission_penalty(student, points, seconds_late)
        return 0.0 if said is None else float(said)

    return penalty
