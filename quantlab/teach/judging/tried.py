"""One case after asking: what was asked, what came back, and what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quantlab.teach.judging.ask import Reply
from quantlab.teach.judging.exercise import CaseGroup


@dataclass(frozen=True)
class Raises:
    """The truth for a case where an answer must stop with this error."""

    error: str
    message: str


@dataclass(frozen=True)
class Tried:
    """One case: group, arguments, reply, truth, and what is off about the answer ("": nothing)."""

    group: CaseGroup
    args: tuple[Any, ...]
    reply: Reply
    want: Any
    off: str

    @property
    def fails(self) -> bool:
        """Off, or right while an argument was written into."""
        return bool(self.off or self.reply.changed)

    @property
    def empty(self) -> bool:
        """Nothing was written here yet, so it says nothing about what the learner thinks."""
        return self.reply.kind in ("missing", "unfilled")

    @property
    def answered(self) -> bool:
        return self.reply.kind == "value" and self.reply.value is not None
