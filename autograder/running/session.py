"""One running student's side: ask it something, and get a reply or the reason why there is none.

Everything that comes back is a stranger's: sizes are capped before they are read, ids must match,
and a clock outside ends what does not answer. The session never raises for what the code does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import threading
import time
from typing import Any

from autograder.running.sandbox import Limits, NoSandbox, Sandbox
from autograder.running.settings import Settings
from autograder.running.student_side import wire
from autograder.running.usage import Usage
from quantlab.teach.judging.verdict import Verdict

#: Loading Python and numpy on a machine that is busy.
START_SECONDS = 60.0
#: After the soft limit inside, before the hard one outside.
GRACE_SECONDS = 3.0
WALL_TIMES = 3
HELP = {
    "bubblewrap": (
        "bubblewrap needs user namespaces: on Ubuntu 23.10 and later its AppArmor profile must be "
        "installed, and a container must allow them. Or use --isolation container."
    ),
    "container": (
        "The engine has to start a container with limits of its own: `podman run --rm --init "
        "--memory 1g quantlab-student true` says what it lacks, such as catatonit, or runc where "
        "crun refuses the machine's cgroups. Or use bubblewrap on Linux."
    ),
}
LOOK_SECONDS = 0.05
#: What a broken sandbox says for itself, at most.
SAID_BYTES = 2_000


class Ended(Exception):
    """The student's side is gone: why, and a sentence."""

    def __init__(self, verdict: Verdict, sentence: str) -> None:
        super().__init__(sentence)
        self.verdict = verdict
        self.sentence = sentence


class Session:
    """A sandbox from its start to its end.

    used      the most that was seen in use, updated while it runs.
    printed   what was printed since `take_printed`, cut at `kept_bytes`.
    """

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self.used = Usage()
        self._settings = settings
        self._why: tuple[Verdict, str] | None = None
        self._deadline = time.monotonic() + START_SECONDS
        self._printed, self._printed_bytes = bytearray(), 0
        self._lock = threading.Lock()
        self._process = sandbox.start(_limits(settings))
        os.set_blocking(self._process.printed.fileno(), False)
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._read_output, self._watch)
        ]
        for thread in self._threads:
            thread.start()
        self._hello(sandbox)

    def _hello(self, sandbox: Sandbox) -> None:
        limits = _rlimits(self._settings)
        stop = {"kept_bytes": self._settings.kept_bytes, "stop_bytes": self._settings.stop_bytes}
        try:
            # Without a sandbox, the machine's own processes are seen too.
            own = {"own_processes": sandbox.name != "none"}
            self.ask({"limits": limits, **stop, **own}, START_SECONDS)
        except Ended:
            said = bytes(self._printed[:SAID_BYTES]).decode("utf-8", "replace").strip()
            self.end()
            raise NoSandbox(
                f"The sandbox ({sandbox.name}) does not start: "
                f"{said.rstrip('.') or 'it said nothing'}. {HELP.get(sandbox.name, '')}".rstrip()
            ) from None

    def ask(
        self, request: dict[str, Any], seconds: float, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The reply to one request. Ended where there is none in time.

        seconds   of CPU time; by the clock it may take `WALL_TIMES` as long, because a machine that
                  grades many at once gives each of them less.
        """
        id = secrets.token_hex(8)
        clock = WALL_TIMES * seconds
        self._deadline = time.monotonic() + clock + GRACE_SECONDS
        try:
            limits = {"id": id, "seconds": seconds, "clock": clock}
            self._process.requests.write(wire.pack(request | limits, values))
            self._process.requests.flush()
            reply = wire.unpack(self._exactly)
        except (OSError, EOFError, ValueError) as fault:
            raise self._ended(fault) from None
        finally:
            self._deadline = float("inf")
        if reply.get("id") != id:
            raise self._ended(wire.BadMessage("an answer to another question"))
        return reply

    def take_printed(self) -> str:
        """The text printed since the last call, what the pipe still holds included."""
        with self._lock:
            self._take_in()
            taken, self._printed = bytes(self._printed), bytearray()
            cut, self._printed_bytes = self._printed_bytes > self._settings.kept_bytes, 0
        text = taken.decode("utf-8", "replace")
        return f"{text}\n… the output was cut …\n" if cut else text

    def end(self) -> None:
        """End it and everything that it started."""
        self._process.end()
        for stream in (self._process.requests, self._process.replies):
            with contextlib.suppress(OSError):
                stream.close()
        for thread in self._threads:
            thread.join(timeout=2)

    def _ended(self, fault: Exception) -> Ended:
        if self._why is None and isinstance(fault, wire.BadMessage):
            self._why = (Verdict.KERNEL_DIED, f"Its process sent {fault} instead of an answer.")
        elif self._why is None and self._process.out_of_memory():
            self._why = self._took_too_much()
        self._process.end()
        why = self._why or (Verdict.KERNEL_DIED, "Its process ended by itself.")
        return Ended(*why)

    def _exactly(self, size: int) -> bytes:
        data = self._process.replies.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _read_output(self) -> None:
        fd, going = self._process.printed.fileno(), True
        with contextlib.suppress(OSError, ValueError):
            while going:
                select.select([fd], [], [])
                with self._lock:
                    going = self._take_in()
                if self._printed_bytes > self._settings.stop_bytes:
                    self._stop(Verdict.OUTPUT_LIMIT, "It printed without an end.")
                    return

    def _take_in(self) -> bool:
        """Read what the pipe holds, up to the limit; False when it was closed. Under the lock."""
        while self._printed_bytes <= self._settings.stop_bytes:
            try:
                data = os.read(self._process.printed.fileno(), 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._printed_bytes += len(data)
            room = self._settings.kept_bytes - len(self._printed)
            self._printed += data[: max(0, room)]
        return True

    def _watch(self) -> None:
        """Look at the clock and at what is used, until the process is gone."""
        settings = self._settings
        while self._process.runs():
            now = self.look()
            if time.monotonic() > self._deadline:
                self._stop(Verdict.TIMEOUT, "It did not end in time, and could not be interrupted.")
            elif now.mib > settings.memory_mib and self._too_large():
                self._stop(*self._took_too_much())
            elif now.threads > settings.processes:
                said = f"It had more than {settings.processes} processes and threads at once."
                self._stop(Verdict.KERNEL_DIED, said)
            elif now.cpu_seconds > settings.cpu_seconds:
                self._stop(Verdict.TIMEOUT, f"It used {settings.cpu_seconds:g} s of CPU time.")
            time.sleep(LOOK_SECONDS)

    def look(self) -> Usage:
        """What is used now; `used` keeps the most of it."""
        now = self._process.used()
        self.used = Usage(
            max(now.mib, self.used.mib),
            max(now.cpu_seconds, self.used.cpu_seconds),
            max(now.threads, self.used.threads),
        )
        return now

    def _took_too_much(self) -> tuple[Verdict, str]:
        most = self._settings.memory_mib
        return Verdict.OUT_OF_MEMORY, f"It used more than {most} MiB of memory."

    def _too_large(self) -> bool:
        return self._process.used(proportional=True).mib > self._settings.memory_mib

    def _stop(self, verdict: Verdict, sentence: str) -> None:
        self._why = self._why or (verdict, sentence)
        self._process.end()


def _limits(settings: Settings) -> Limits:
    return Limits(settings.memory_mib, settings.cpu_seconds, settings.processes)


def _rlimits(settings: Settings) -> dict[str, int]:
    limits = _limits(settings)
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_DATA": limits.memory_mib * 2**20,
        "RLIMIT_CPU": int(limits.cpu_seconds) + 1,
        "RLIMIT_FSIZE": limits.file_mib * 2**20,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_NPROC": limits.processes,
    }
