"""The worker's end of an interpreter that waits, and gives a copy of itself for each submission.

To start Python, numpy and IPython takes half a second; to copy a process that has done so, a few
hundredths. The copy leaves for namespaces of its own before it runs anything: see
`student_side/zygote.py` and `student_side/separate.py`, which run in the sandbox.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from autograder.running.started import Copy

#: Loading Python and numpy on a machine that is busy.
START_SECONDS = 60.0
#: What the system adds to a message: the sender's process, user and group, in our numbers.
SENDER = struct.Struct("iII")
#: A zygote that was killed is started again; one that cannot work would be started for ever.
MOST_STARTS = 3


class NoCopy(Exception):
    """This system gives no copies; the message says what it refuses."""


class Zygote:
    """One interpreter that waits, started at the first request and again if it was killed.

    command   the words of its command line, asked for when they are needed.
    refused   why this system gives no copies; empty while it does.
    """

    def __init__(self, command: Callable[[], Iterable[str]]) -> None:
        self.refused = ""
        self._command = command
        self._line: socket.socket | None = None
        self._starts = 0
        self._lock = threading.Lock()

    def copy(self, request: dict[str, Any]) -> Copy | None:
        """A copy of it, or None where the system gives none."""
        with self._lock:
            while not self.refused:
                try:
                    return self._copied(self._line or self._start(), request)
                except NoCopy as said:
                    self.refused = str(said)
                except OSError as fault:
                    self._line = None
                    if self._starts >= MOST_STARTS:
                        self.refused = f"it ended {MOST_STARTS} times: {fault}"
        return None

    def _start(self) -> socket.socket:
        self._starts += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours.settimeout(START_SECONDS)
        with theirs:
            process = subprocess.Popen(
                tuple(self._command()),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
        weakref.finalize(ours, _end, process)
        self._line = ours
        return ours

    def _copied(self, line: socket.socket, request: dict[str, Any]) -> Copy:
        ends = [os.pipe() for _ in range(3)]  # requests, replies, printed
        theirs = (ends[0][0], ends[1][1], ends[2][1])
        ours = (ends[0][1], ends[1][0], ends[2][0])
        try:
            socket.send_fds(line, [json.dumps(request).encode()], theirs)
            said, extra, _, _ = line.recvmsg(4096, socket.CMSG_SPACE(SENDER.size))
            if not said:
                raise ConnectionResetError("the interpreter that waits has ended")
            fault = json.loads(said).get("fault")
            if fault is not None:
                raise NoCopy(fault)
            pid = SENDER.unpack(extra[0][2][: SENDER.size])[0]
            kept = (os.fdopen(ours[0], "wb"), os.fdopen(ours[1], "rb"), os.fdopen(ours[2], "rb"))
            return Copy(pid, kept)
        except BaseException:
            for end in ours:
                with contextlib.suppress(OSError):
                    os.close(end)
            raise
        finally:
            for end in theirs:
                os.close(end)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all its copies: they are in its namespace of processes."""
    process.kill()
    process.wait()
