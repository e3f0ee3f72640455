"""What the code does besides answering: modules it imports, programs it starts, functions it calls.

The student's code shares this process and can silence all of it; so nothing here is proof of
innocence, and the grader reads the text of the cells as well.
"""

from __future__ import annotations

import _thread
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
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
    "_thread.start_new_thread": "starts a thread",
    "_thread.start_joinable_thread": "starts a thread",
    "os.kill": "sends a signal",
    "os.killpg": "sends a signal",
}
#: The same of functions that say nothing to an audit hook of Python 3.11.
SILENT = {
    (_thread, "start_new_thread"): "starts a thread",
    (threading, "_start_new_thread"): "starts a thread",
    (signal, "pidfd_send_signal"): "sends a signal",
}
#: An import loads modules, and machine code with them: a from-scratch answer may import torch.
HARMLESS = ("import ", "loads machine code")
#: Ours, and they run around every answer.
OURS = ("quantlab.teach.judging", "quantlab.base", __package__ or "student_side")

# Taken before any cell runs: a cell may put another in its place.
_set_profile = sys.setprofile
_importlib = vars(importlib._bootstrap)
_places = tuple(sorted((os.path.join(place, "") for place in sys.path if place), key=len))[::-1]


@lru_cache(maxsize=4096)
def module_of(file: str, said: str) -> str:
    """The module that a function's code was loaded from; `said`, which a cell may have changed,
    where that is no library's file."""
    for place in _places:
        if file.startswith(place) and file.endswith(".py"):
            return file[len(place) : -3].replace(os.sep, ".").removesuffix(".__init__")
    return said


def _while_a_library_loads(frame: Any) -> bool:
    """Whether an import, and libraries alone, stand between a call and the student's own code:
    `import torch` runs a thousand functions of torch's that nobody asked for."""
    importing = False
    while frame is not None:
        if frame.f_globals is _importlib:
            importing = True
        elif not module_of(frame.f_code.co_filename, ""):
            return importing
        frame = frame.f_back
    return importing


class Noticed:
    """Events since the last `take`, each once."""

    def __init__(self) -> None:
        self._events: dict[str, None] = {}
        self._quiet = False
        self._watching = False
        self.on = False
        sys.addaudithook(self._hear)
        for (module, name), says in SILENT.items():
            if hasattr(module, name):
                setattr(module, name, self._heard(getattr(module, name), says))

    def take(self) -> list[str]:
        taken, self._events = list(self._events), {}
        return taken

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "import":
            self._note(f"import {str(args[0])[:100]}")
        elif event in TOLD and not (event == "os.kill" and args[0] == os.getpid()):
            self._note(TOLD[event])

    def _heard(self, function: Callable[..., Any], says: str) -> Callable[..., Any]:
        def heard(*args: Any, **options: Any) -> Any:
            self._note(says)
            return function(*args, **options)

        return heard

    def _note(self, says: str) -> None:
        if not self.on or self._quiet:
            return
        if len(self._events) <= MOST:
            self._events[says] = None
        if self._watching and not says.startswith(HARMLESS):
            # A function that is to be written from scratch needs none of these.
            raise PermissionError(f"An answer {says}; this exercise is plain code")

    @contextmanager
    def calls(self, prefixes: tuple[str, ...]) -> Iterator[set[str]]:
        """The dotted names of functions from these modules that run inside the block."""
        used: set[str] = set()
        if not prefixes:
            yield used
            return

        def look(frame: Any, event: str, arg: Any) -> None:
            if event == "call":
                home = module_of(frame.f_code.co_filename, str(frame.f_globals.get("__name__")))
                name = f"{home}.{frame.f_code.co_name}"
            elif event == "c_call":
                module = str(getattr(arg, "__module__", None) or "")
                home = "torch" if module.startswith("torch.") else module
                name = f"{home}.{getattr(arg, '__name__', '')}"
            else:
                return
            if not name.startswith(prefixes) or name.startswith(OURS) or len(used) >= MOST:
                return
            if not _while_a_library_loads(frame.f_back if event == "call" else frame):
                used.add(name)

        with self.quiet():
            _set_profile(look)
        self._watching = True
        try:
            yield used
        finally:
            self._watching = False
            with self.quiet():
                _set_profile(None)

    def tell(self, event: str) -> None:
        """Add one that was seen elsewhere."""
        self._events[event] = None

    @contextmanager
    def quiet(self, quiet: bool = True) -> Iterator[None]:
        """Hear nothing inside the block, because it is ours; or hear again."""
        before, self._quiet = self._quiet, quiet
        try:
            yield
        finally:
            self._quiet = before
