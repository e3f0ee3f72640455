"""What the code does besides answering: modules it imports, programs it starts, functions it calls.

The student's code shares this process and can silence all of it; so nothing here is proof of
innocence, and the grader reads the text of the cells as well.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MOST = 200
#: Audit events of Python that say that another program, a socket or machine code is used.
TOLD = {
    "subprocess.Popen": "starts a program",
    "os.system": "starts a program",
    "os.exec": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.fork": "forks",
    "socket.connect": "opens a connection",
    "ctypes.dlopen": "loads machine code",
    "sys.setprofile": "changes how Python watches calls",
    "sys.settrace": "changes how Python watches calls",
}
#: Ours, and they run around every answer.
OURS = ("quantlab.teach.judging", "quantlab.base", __package__ or "student_side")


class Noticed:
    """Events since the last `take`, each once."""

    def __init__(self) -> None:
        self._events: dict[str, None] = {}
        self._quiet = False
        self._watching = False
        self.on = False
        sys.addaudithook(self._hear)

    def take(self) -> list[str]:
        taken, self._events = list(self._events), {}
        return taken

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or self._quiet or len(self._events) > MOST:
            return
        if event == "import":
            self._events[f"import {str(args[0])[:100]}"] = None
        elif event in TOLD:
            self._events[TOLD[event]] = None
            if self._watching:  # a function that is to be written from scratch needs none of these
                raise PermissionError(f"An answer {TOLD[event]}; this exercise is plain code.")

    @contextmanager
    def calls(self, prefixes: tuple[str, ...]) -> Iterator[set[str]]:
        """The dotted names of functions from these modules that run inside the block."""
        used: set[str] = set()
        if not prefixes:
            yield used
            return

        def look(frame: Any, event: str, arg: Any) -> None:
            if event == "call":
                name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            elif event == "c_call":
                module = str(getattr(arg, "__module__", None) or "")
                home = "torch" if module.startswith("torch.") else module
                name = f"{home}.{getattr(arg, '__name__', '')}"
            else:
                return
            if name.startswith(prefixes) and not name.startswith(OURS) and len(used) < MOST:
                used.add(name)

        if threading.active_count() > 1:
            self._events["answers with another thread beside it"] = None
        self._quiet = True
        sys.setprofile(look)
        threading.setprofile(look)
        self._quiet, self._watching = False, True
        try:
            yield used
        finally:
            self._quiet, self._watching = True, False
            sys.setprofile(None)
            threading.setprofile(None)
            self._quiet = False
