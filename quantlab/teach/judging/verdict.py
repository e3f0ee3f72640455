"""What the judge says: a verdict, the points of each case group, and sentences for the learner.

A verdict is not a score: `grader_error` says that the grader failed, and never becomes a zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """One word for what happened. The second block speaks of files and of a class grader's run."""

    NOT_ATTEMPTED = "not_attempted"
    ERROR = "error"
    INCORRECT = "incorrect"
    CORRECT = "correct"
    INCONCLUSIVE = "inconclusive"

    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    OUTPUT_LIMIT = "output_limit"
    KERNEL_DIED = "kernel_died"
    MALFORMED = "malformed"
    MISSING = "missing"
    GRADER_ERROR = "grader_error"


#: An attempt is finished when the learner's code ran to an answer that could be compared.
FINISHED = frozenset({Verdict.INCORRECT, Verdict.CORRECT})


@dataclass(frozen=True)
class GroupResult:
    """The outcome of one case group: `points` is what it is worth, `earned` what it gave."""

    name: str
    points: float
    earned: float


@dataclass(frozen=True)
class Judgement:
    """The judge's answer for one exercise: plain data, safe to store and to send.

    The sentences never contain the right answer. `observed` says what was seen, `expected` the
    property that should hold, `cause` the likely misconception as a question, `next_step` what to
    do now, `insight` what a right answer is good for. `opening` replaces the heading's first words.
    `misconception` is the name of the one wrong answer that explains everything seen, or None;
    `pattern` names what the answers have in common where none does. `picture` is an inline SVG of
    the failing case, or "".
    """

    exercise: str
    title: str
    verdict: Verdict
    points: float
    max_points: float
    groups: tuple[GroupResult, ...] = ()
    observed: str = ""
    expected: str = ""
    cause: str = ""
    next_step: str = ""
    misconception: str | None = None
    pattern: str = ""
    insight: str = ""
    opening: str = ""
    picture: str = ""
    picture_text: str = ""

    @property
    def finished(self) -> bool:
        """True when this counts as a finished attempt (an error or an empty stub does not)."""
        return self.verdict in FINISHED

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.CORRECT

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the verdict as its string, the groups as a list of dicts."""
        return asdict(self) | {"verdict": str(self.verdict)}
