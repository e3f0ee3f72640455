"""`Ask` over a sandbox: the judge's four questions, and answers that are held against their types.

The student's side can forge an answer, which is no more than answering. It cannot forge a verdict,
and an answer that is no plain data of the known kinds is refused here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from autograder.running.session import WALL_TIMES, Ended
from autograder.running.student import Student
from quantlab.teach.judging.ask import Reply
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.verdict import Verdict

KINDS = frozenset({"value", "missing", "unfilled", "raised", "refused"})
LONGEST_TEXT = 300


class SandboxAsk:
    """Asks one submission about one exercise; all its questions share one budget of time.

    A budget of CPU time, and `WALL_TIMES` as much by the clock.

    used   forbidden functions that were seen to run while the answer was called.
    """

    def __init__(self, student: Student, exercise: Exercise, seconds: float) -> None:
        self.used: tuple[str, ...] = ()
        self._student = student
        self._exercise = exercise
        self._ends_at = time.monotonic() + WALL_TIMES * seconds
        self._seconds = seconds

    def call(self, name: str, args: tuple[Any, ...]) -> Reply:
        request = {"do": "call", "name": name, "watch": list(self._exercise.forbid)}
        message = self._ask(request, {"args": args})
        found = [u for u in _texts(message.get("used")) if u not in self.used]
        self.used += tuple(found)
        return reply_of(message, len(args))

    def value(self, name: str) -> Reply:
        return reply_of(self._ask({"do": "value", "name": name}), 0)

    def source(self, name: str) -> str | None:
        text = self._ask({"do": "source", "name": name}).get("text")
        return text if isinstance(text, str) and text else None

    def uses(self, name: str) -> tuple[str, ...]:
        return (*_texts(self._ask({"do": "uses", "name": name}).get("names")), *self.used)

    def _ask(self, request: dict[str, Any], values: dict[str, Any] | None = None) -> dict[str, Any]:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            said = f"Its answers took longer than {self._seconds:g} s together."
            raise Ended(Verdict.TIMEOUT, said)
        return self._student.ask(request, min(left, self._seconds), values)


def reply_of(message: Mapping[str, Any], arguments: int) -> Reply:
    """The `Reply` in an untrusted message. Ended for one that holds none."""
    kind, changed = message.get("kind"), message.get("changed") or []
    places = isinstance(changed, list) and all(
        type(n) is int and 0 <= n < arguments for n in changed
    )
    if not isinstance(kind, str) or kind not in KINDS or not places:
        raise Ended(Verdict.KERNEL_DIED, "Its process sent something that is no answer.")
    texts = {name: _text(message.get(name)) for name in ("error", "message", "line")}
    values = cast(dict[str, Any], message.get("values") or {})
    return Reply(cast(Any, kind), values.get("value"), changed=tuple(changed), **texts)


def _text(value: Any) -> str:
    """One short line without control characters."""
    text = value if isinstance(value, str) else ""
    plain = "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
    return plain.encode("utf-8", "replace").decode("utf-8")


def _texts(values: Any) -> list[str]:
    return [_text(v) for v in values[:500]] if isinstance(values, list) else []
