"""Work in several processes: all of it comes back in order, and no process outlives the first."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.authoring.side_by_side import side_by_side

ROOT = Path(__file__).parents[3]


def halved(number):
    """Half of an even number, and where it was computed."""
    if number % 2:
        raise ValueError(f"{number} has no half")
    return number // 2, os.getpid()


def sleeps(file):
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def gone(pid):
    try:
        psutil.Process(pid).wait(60)  # seconds, for a machine that has much else to do
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_results_come_in_order_from_other_processes_and_so_does_an_error():
    halves = side_by_side(halved, [8, 2, 6, 5], 2)
    numbers, pids = zip(*(next(halves) for _ in range(3)), strict=True)
    assert numbers == (4, 1, 3)
    assert os.getpid() not in pids
    with pytest.raises(ValueError, match="5 has no half"):
        next(halves)
    assert all(gone(pid) for pid in pids)


SLEEP = """
import sys
from autograder.authoring.side_by_side import side_by_side
from tests.autograder.authoring.test_side_by_side import sleeps
if __name__ == "__main__":
    list(side_by_side(sleeps, sys.argv[1:], 1))
"""


def test_where_the_first_process_is_killed_the_others_end(tmp_path):
    script, file = tmp_path / "work.py", tmp_path / "pid"
    script.write_text(SLEEP)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    first = subprocess.Popen([sys.executable, str(script), str(file)], env=env)
    while not file.exists() or not file.read_text():
        assert first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert gone(int(file.read_text()))
