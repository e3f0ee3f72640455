"""Ctrl-C waits for the end of a step, and nothing outlives a training that was killed."""

import os
import signal
import subprocess
import sys

import pytest

from quantlab.zoo.train.interrupts import deferred

# A parent that waits for its child, which waits for ever.
FAMILY = """
import os, time
from multiprocessing import get_context
from quantlab.zoo.train.interrupts import follow

def child(parent):
    follow(parent, 0)
    print("ready", flush=True)
    time.sleep(600)

get_context("fork").Process(target=child, args=(os.getpid(),)).start()
time.sleep(600)
"""
# A child that was left alone before it could look: its parent is not the one it was given.
ORPHAN = """
import time
from quantlab.zoo.train.interrupts import follow
follow(0, 0)
time.sleep(600)
"""


def test_a_first_ctrl_c_is_noted_and_a_second_ends() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_ctrl_c_while_it_begins_is_noted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    install = signal.signal

    def pressed_at_once(number: int, handler: object) -> object:
        old = install(number, handler)
        if handler is not old and callable(handler) and handler.__name__ == "note":
            os.kill(os.getpid(), number)
        return old

    monkeypatch.setattr(signal, "signal", pressed_at_once)
    with deferred() as stop:
        assert stop()


def test_helpers_end_with_a_parent_that_was_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    os.kill(parent.pid, signal.SIGKILL)
    # Ends only when the child, too, has closed the pipe.
    assert parent.communicate(timeout=300)[0] == ""


def test_a_helper_left_alone_before_it_looks_ends_at_once() -> None:
    assert subprocess.run([sys.executable, "-c", ORPHAN], timeout=300).returncode == 1
