"""What it costs to be late: nbgrader's plug-in, as the course's own configuration names it."""

from __future__ import annotations

from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from autograder.course_folder import CourseError
from autograder.recording.store import Penalty


def penalty_of(config: Config) -> Penalty:
    """The course's late plug-in as a function; one that says nothing costs nothing."""
    asked = AssignLatePenalties(config=config)
    asked.init_plugin()

    def penalty(student: str, points: float, seconds_late: float) -> float:
        try:
            said = asked.plugin_inst.late_submission_penalty(student, points, seconds_late)
            return 0.0 if said is None else float(said)
        except Exception as fault:  # the instructor's own code: anything may come
            raise CourseError(
                f"The course's late plug-in stopped with {type(fault).__name__}: {fault}. Mend it, "
                "and run the same command again."
            ) from fault

    return penalty
