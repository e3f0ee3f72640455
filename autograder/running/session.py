"""One running student's side: ask it something, and get a reply or the reason why there is none.

Everything that comes back is a stranger's: sizes are capped before they are read, ids must match,
and a clock outside ends what does not answer. The session never raises for what the code does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import threading
import time
from typing import Any

import psutil

from autograder.running.sandbox import Launch, Limits, NoSandbox, Sandbox
from autograder.running.settings import Settings
from autograder.running.student_side import wire
from autograder.running.usage import Usage, below, usage_below
from quantlab.teach.judging.verdict import Verdict

#: Loading Python and numpy on a machine that is busy.
START_SECONDS = 60.0
#: After the soft limit inside, before the hard one outside.
GRACE_SECONDS = 3.0
WALL_TIMES = 3
GONE_SECONDS = 5.0
END_SECONDS = 30.0
HELP = (
    "bubblewrap needs user namespaces: on Ubuntu 23.10 and later its AppArmor profile must be "
    "installed, and a container must allow them. Or use --isolation container."
)
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
        launch = sandbox.launch(_limits(settings))
        self._end_words = launch.end
        self._process = _start(launch)
        assert self._process.stderr is not None
        os.set_blocking(self._process.stderr.fileno(), False)
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
            self.ask({"limits": limits, **stop}, START_SECONDS)
        except Ended:
            said = bytes(self._printed[:SAID_BYTES]).decode("utf-8", "replace").strip()
            self.end()
            raise NoSandbox(
                f"The sandbox ({sandbox.name}) does not start: {said or 'it said nothing'}. {HELP}"
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
            assert self._process.stdin is not None
            limits = {"id": id, "seconds": seconds, "clock": clock}
            self._process.stdin.write(wire.pack(request | limits, values))
            self._process.stdin.flush()
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
        self._kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        for thread in self._threads:
            thread.join(timeout=2)

    def _ended(self, fault: Exception) -> Ended:
        if self._why is None and isinstance(fault, wire.BadMessage):
            self._why = (Verdict.KERNEL_DIED, f"Its process sent {fault} instead of an answer.")
        self._kill()
        why = self._why or (Verdict.KERNEL_DIED, "Its process ended by itself.")
        return Ended(*why)

    def _kill(self) -> None:
        gone: list[psutil.Process] = []
        for pid in below(self._process.pid)[1:]:
            with contextlib.suppress(psutil.Error):
                gone.append(psutil.Process(pid))
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        if self._end_words:
            words, self._end_words = self._end_words, ()
            subprocess.run(words, capture_output=True, timeout=END_SECONDS, check=False)
        for process in gone:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()
        # The first process of a namespace is gone only when all the others are.
        _until_dead(gone, GONE_SECONDS)

    def _exactly(self, size: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _read_output(self) -> None:
        assert self._process.stderr is not None
        fd, going = self._process.stderr.fileno(), True
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
        assert self._process.stderr is not None
        while self._printed_bytes <= self._settings.stop_bytes:
            try:
                data = os.read(self._process.stderr.fileno(), 1 << 16)
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
        settings, pid = self._settings, self._process.pid
        while self._process.poll() is None:
            now = usage_below(pid)
            self.used = Usage(
                max(now.mib, self.used.mib),
                max(now.cpu_seconds, self.used.cpu_seconds),
                max(now.threads, self.used.threads),
            )
            if time.monotonic() > self._deadline:
                self._stop(Verdict.TIMEOUT, "It did not end in time, and could not be interrupted.")
            elif now.mib > settings.memory_mib and self._too_large(pid):
                said = f"It used more than {settings.memory_mib} MiB of memory."
                self._stop(Verdict.OUT_OF_MEMORY, said)
            elif now.threads > settings.processes:
                said = f"It had more than {settings.processes} processes and threads at once."
                self._stop(Verdict.KERNEL_DIED, said)
            elif now.cpu_seconds > settings.cpu_seconds:
                self._stop(Verdict.TIMEOUT, f"It used {settings.cpu_seconds:g} s of CPU time.")
            time.sleep(LOOK_SECONDS)

    def _too_large(self, pid: int) -> bool:
        return usage_below(pid, proportional=True).mib > self._settings.memory_mib

    def _stop(self, verdict: Verdict, sentence: str) -> None:
        self._why = self._why or (verdict, sentence)
        self._kill()


def _until_dead(processes: list[psutil.Process], seconds: float) -> None:
    """Wait until none of them runs. A zombie runs nothing, and waits for its parent."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at and any(map(_runs, processes)):
        time.sleep(0.002)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        launch.argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=launch.env,
        cwd=launch.cwd,
        close_fds=True,
        start_new_session=True,  # Ctrl-C at the terminal is for the batch
    )


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
