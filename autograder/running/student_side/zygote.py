"""A Python that has loaded everything and waits: each submission is a copy of it.

Started once for each worker, in a sandbox of its own, with the worker's socket as standard input.
It never runs a line of a submission and never reads what one says. For each request it copies
itself; the copy leaves for namespaces of its own (`separate`), gives up every right, and only then
serves the grader as a Python that was just started would.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import socket
import sys
from importlib import import_module
from typing import Any, NoReturn

from . import main, separate

MOST_FILES = 4096
#: What the lessons' first cells load, and the part of matplotlib that knows no session.
USUAL = ("quantlab.numerics", "matplotlib.figure", "matplotlib.font_manager", "importlib.metadata")


def wait() -> None:
    """Serve until the worker is gone. A request is the sizes of what can be written, as JSON, with
    the three pipes of the new process; the reply comes from its first process, so that the worker
    is told its number by the system."""
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # so that none reaches the first process of a copy
    for name in USUAL:
        import_module(name)
    gc.collect()
    gc.freeze()  # what stays the same is not copied
    while True:
        request, pipes, _, _ = socket.recv_fds(control, 4096, 3)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            _leave(control, pipes, json.loads(request))
        for pipe in pipes:
            os.close(pipe)
        os.waitpid(pid, 0)


def _leave(control: socket.socket, pipes: list[int], request: dict[str, Any]) -> NoReturn:
    """In the copy: leave, and start the first process of the new namespaces."""
    try:
        separate.leave()
        if os.fork() == 0:
            _be_first(control, pipes, request)
    except OSError as fault:
        control.send(json.dumps({"fault": str(fault)}).encode())
    finally:
        os._exit(0)


def _be_first(control: socket.socket, pipes: list[int], request: dict[str, Any]) -> NoReturn:
    """Prepare the place, start the student's side, and end with it: then all others end too."""
    student = 0
    try:
        separate.mount_anew(request["places"])
        separate.switch_loopback_on()
        heard, told = os.pipe()
        student = os.fork()
        if student == 0:
            _be_student(pipes, request["home"], told)
        os.close(told)
        fault = os.read(heard, 500).decode()
        control.send(json.dumps({"fault": fault} if fault else {}).encode())
        os.closerange(0, MOST_FILES)
        while os.wait()[0] != student:
            pass
    except OSError as fault:
        control.send(json.dumps({"fault": str(fault)}).encode())
    finally:
        os._exit(0)


def _be_student(pipes: list[int], home: str, told: int) -> NoReturn:
    """Become the process that a submission runs in; `told` is for what the system refuses."""
    try:
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
        os.setsid()
        os.chdir(home)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        separate.give_up_rights()
        _draw_anew()
    except OSError as fault:
        os.write(told, str(fault).encode())
        os._exit(1)
    os.closerange(3, MOST_FILES)
    try:
        main.main()
    finally:
        os._exit(1)


def _draw_anew() -> None:
    """Numbers drawn by chance differ from copy to copy."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


if __name__ == "__main__":
    wait()
