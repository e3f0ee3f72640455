"""Serves the grader: runs cells and answers its four questions, over its own two pipes.

Started with requests on standard input and replies on standard output. Both are moved away before
any cell runs: what a cell prints goes where errors went, and what it reads is empty.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import quantlab.teach
from quantlab.base.time_limit import TimeIsUp, time_limit
from quantlab.teach.judging.ask import LocalAsk

from . import apart, refused, wire
from .cpu_limit import cpu_limit
from .elsewhere import stand_in
from .noticing import Noticed
from .printing import TooMuch
from .shell import Cells

#: What answers the grader, and is no business of a cell's.
OURS = (__package__ or "student_side", "quantlab.teach.judging")


def main() -> None:
    """Serve until the requests end."""
    requests, replies = _private(0), _private(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    hello = wire.unpack(lambda n: _exactly(requests, n))
    _limit(hello["limits"])
    apart.prepare(_private)
    server = Server(hello)
    if hello["own_processes"]:  # without a sandbox, a submission has all of its user's rights
        refused.refuse()
    _send(replies, wire.pack({"id": hello["id"]}))
    while True:
        try:
            request = wire.unpack(lambda n: _exactly(requests, n))
        except EOFError:
            os._exit(0)
        _send(replies, server.answer(request))


def _hide() -> None:
    """Take our own modules out of Python's table: a cell that looks for them, to replace what
    watches it, finds nothing; one that imports them gets modules of its own."""
    for name in [n for n in sys.modules if n.startswith(OURS)]:
        del sys.modules[name]
    vars(quantlab.teach).pop("judging", None)


class Server:
    """The notebook's session, and what the grader may ask of it."""

    def __init__(self, hello: Mapping[str, Any]) -> None:
        stand_in()
        self.cells = Cells(hello["kept_bytes"], hello["stop_bytes"])
        self.noticed = Noticed()
        self.own_processes = bool(hello["own_processes"])
        self.names = self.cells.shell.user_ns
        self.ask = LocalAsk(self.names)
        _hide()
        sys.path.insert(0, "")  # as in a notebook: a file beside it can be imported
        self.noticed.on = True

    def answer(self, request: dict[str, Any]) -> bytes:
        """The reply to one request, ready to be sent."""
        watched = request["do"] == "call" and request["watch"]
        if not watched or apart.is_alone(self.own_processes):
            return self._answer(request)
        if len(sys._current_frames()) > 1:
            self.noticed.tell("answers with another thread beside it")
        try:
            with self.noticed.quiet():
                return apart.answered(lambda: self._answer_loudly(request), self.own_processes)
        except apart.Died:
            os._exit(1)
        except PermissionError as refused:
            said = _raised(refused) | {"message": str(refused), "used": []}
            return wire.pack({"id": request["id"], "events": self.noticed.take()} | said)
        finally:
            self.noticed.take()  # the copy has told them

    def _answer_loudly(self, request: dict[str, Any]) -> bytes:
        with self.noticed.quiet(False):
            return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> bytes:
        message: dict[str, Any] = {"id": request["id"]}
        values: dict[str, Any] = {}
        try:
            said = self._do(request)
            values = {"value": said.pop("value")} if "value" in said else {}
            message |= said
            message["events"] = self.noticed.take()
            return wire.pack(message, values)
        except (wire.BadMessage, RecursionError) as refused:
            kept = {"kind": "refused", "status": "error", "outputs": [], "message": str(refused)}
            return wire.pack({"id": request["id"], "events": self.noticed.take()} | kept)

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        do, name = request["do"], request.get("name", "")
        if do == "cell":
            return self._in_time(request, lambda: self.cells.run(request["source"]))
        if do == "source":
            return {"text": (self.ask.source(name) or "")[:100_000]}
        if do == "uses":
            return {"names": [str(n)[:200] for n in self.ask.uses(name)][:500]}
        self.cells.meter.seen = 0
        if do == "value":
            return self._in_time(request, lambda: asdict(self.ask.value(name)))
        args = request["values"]["args"]
        return self._in_time(request, lambda: self._call(name, args, tuple(request["watch"])))

    def _call(self, name: str, args: tuple[Any, ...], watch: tuple[str, ...]) -> dict[str, Any]:
        with self.noticed.calls(watch) as used:
            reply = asdict(self.ask.call(name, args))
        return reply | {"used": sorted(used)}

    def _in_time(
        self, request: Mapping[str, Any], work: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """The work's result, or how it ended; a second, hard limit stands outside."""
        status = "timeout"
        try:
            with time_limit(request["clock"]), cpu_limit(request["seconds"]):
                return work()
        except TimeIsUp:
            pass
        except TooMuch:
            status = "output_limit"
        except BaseException as stopped:  # such as KeyboardInterrupt, which an answer may raise
            return _raised(stopped)
        return {"kind": status, "status": status, "outputs": self.cells.shown.take()}


def _raised(stopped: BaseException) -> dict[str, Any]:
    name = type(stopped).__name__
    return {"kind": "raised", "error": name, "message": "", "status": "error", "outputs": []}


def _limit(limits: Mapping[str, int]) -> None:
    """Take the limits on, for good; where the system has none, the watch outside stays."""
    try:
        import resource
    except ImportError:
        return
    for name, value in limits.items():
        number = getattr(resource, name, None)
        if number is not None:
            most = resource.getrlimit(number)[1]
            kept = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(number, (kept, kept))


def _private(fd: int) -> int:
    """A copy of a pipe's end that no program inherits, far from the numbers that code expects."""
    try:
        import fcntl
    except ImportError:  # Windows: numbers are not inherited there unless asked for
        return os.dup(fd)
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)


def _exactly(fd: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _send(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


if __name__ == "__main__":
    main()
