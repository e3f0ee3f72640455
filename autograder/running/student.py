"""A submission's code while it is graded: cells run, questions are answered, and what one of them
breaks is its own loss.

Where the process dies, a new one takes its place: the cells that ran before are run again, without
the one that ended it, and the grading goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from autograder.running.sandbox import Sandbox
from autograder.running.session import Ended, Session
from autograder.running.settings import Settings
from autograder.running.usage import Usage
from quantlab.teach.judging.verdict import Verdict

#: A submission whose every cell ends its process is given up after this many.
MOST_STARTS = 24
#: Kept of what the code was seen to do.
MOST_EVENTS = 300

STATUS = {"timeout": Verdict.TIMEOUT, "output_limit": Verdict.OUTPUT_LIMIT}


@dataclass(frozen=True)
class CellResult:
    """One cell: why it was stopped (None where it ran to its end, an error included), a sentence,
    what it printed, and what it showed as untrusted outputs."""

    stopped: Verdict | None
    sentence: str = ""
    printed: str = ""
    outputs: tuple[Any, ...] = ()


class Student:
    """One submission's code in one sandbox after the other.

    events   what its code was seen to do, each once.
    used     the most memory and threads at once, and all CPU time.
    """

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self.events: dict[str, None] = {}
        self.settings = settings
        self._sandbox = sandbox
        self._session: Session | None = None
        self._ran: list[str] = []
        self._starts = 0
        self._ends_at = time.monotonic() + settings.submission_seconds
        self._used = Usage()
        self._printed_last = ""

    def __enter__(self) -> Student:
        return self

    def __exit__(self, *about: object) -> None:
        self._end()

    @property
    def used(self) -> Usage:
        if self._session is None:
            return self._used
        self._session.look()  # a short submission may end before the watch looks again
        return _together(self._used, self._session.used)

    def run_cell(self, source: str, given: bool = False) -> CellResult:
        """Run one cell. Never raises for what it does.

        given   it stands in the released notebook like this: what it imports is no event.
        """
        try:
            reply, printed = self._cell(source, given)
        except Ended as ended:
            return CellResult(ended.verdict, ended.sentence, self._last_printed())
        self._ran.append(source)
        status = STATUS.get(str(reply.get("status")))
        outputs = reply.get("outputs")
        kept = tuple(outputs) if isinstance(outputs, list) else ()
        return CellResult(status, self._said(status), printed, kept)

    def start_anew(self) -> None:
        """Forget all that ran: the next cell is the first one of a new process."""
        self._end()
        self._ran.clear()

    def ask(
        self, request: dict[str, Any], seconds: float, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The reply to one question. Ended where the code does not answer it."""
        session = self._alive()
        reply = self._asked(session, request, min(seconds, self._left()), values)
        status = STATUS.get(str(reply.get("kind")))
        if status is not None:
            raise Ended(status, self._said(status))
        return reply

    def _cell(self, source: str, given: bool) -> tuple[dict[str, Any], str]:
        session = self._alive()
        seconds = min(self.settings.cell_seconds, self._left())
        reply = self._asked(session, {"do": "cell", "source": source}, seconds, given=given)
        return reply, session.take_printed()

    def _asked(
        self,
        session: Session,
        request: dict[str, Any],
        seconds: float,
        values: dict[str, Any] | None = None,
        given: bool = False,
    ) -> dict[str, Any]:
        try:
            reply = session.ask(request, seconds, values)
        except Ended:
            self._printed_last = session.take_printed()
            self._end()
            raise
        except BaseException:  # an answer that is still on its way would be taken for the next one
            self._end()
            raise
        events = reply.get("events")
        for event in events if isinstance(events, list) else ():
            ours = given and str(event).startswith("import ")
            if len(self.events) < MOST_EVENTS and not ours:
                self.events[str(event)[:150]] = None
        return reply

    def _alive(self) -> Session:
        """The running session; a new one, with all that ran before, where it was ended."""
        while self._session is None:
            self._left()
            if self._starts >= MOST_STARTS:
                raise Ended(Verdict.KERNEL_DIED, f"Its process ended {MOST_STARTS} times.")
            self._starts += 1
            self._session = Session(self._sandbox, self.settings)
            self._run_again()
        return self._session

    def _run_again(self) -> None:
        for n, source in enumerate(self._ran):
            assert self._session is not None
            try:
                self._cell(source, given=True)  # its imports were told when it ran first
            except Ended:
                del self._ran[n]  # it ended the process this time: without it from now on
                return

    def _left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            whole = self.settings.submission_seconds
            raise Ended(Verdict.TIMEOUT, f"All of it together ran longer than {whole:g} s.")
        return left

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()
            self._used = _together(self._used, session.used)

    def _said(self, status: Verdict | None) -> str:
        if status is Verdict.TIMEOUT:
            return f"It ran longer than {self.settings.cell_seconds:g} s and was stopped."
        if status is Verdict.OUTPUT_LIMIT:
            megabytes = self.settings.stop_bytes / 1_000_000
            return f"It printed more than {megabytes:g} MB and was stopped."
        return ""

    def _last_printed(self) -> str:
        printed, self._printed_last = self._printed_last, ""
        return printed


def _together(one: Usage, other: Usage) -> Usage:
    return Usage(
        max(one.mib, other.mib),
        one.cpu_seconds + other.cpu_seconds,
        max(one.threads, other.threads),
    )
