"""Progress on a drive without file locks, as the kernel itself makes one: kept, and kept whole."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from quantlab.learn.progress_locks import STALE_SECONDS, has_locks
from quantlab.learn.progress_store import BUSY_SECONDS, Store
from tests.support.without_locks import python_without_locks

pytestmark = pytest.mark.usefixtures("linux")

TAKE_A_HINT = """
from quantlab.learn.progress import open_progress
progress = open_progress()
print(progress.take_hint("1.2"), progress.store.in_memory)
print(progress.notice)
print(progress.notice)
"""

WRITE = """
import time
from quantlab.learn.progress import open_progress
from quantlab.teach.judging.verdict import Judgement, Verdict
progress = open_progress()
for number in range(25):
    progress.record(Judgement("1.2", "t", Verdict.INCORRECT, number, 30.0), seconds=0.1)
deadline = time.monotonic() + 50
while not progress.store.flush() and time.monotonic() < deadline:
    time.sleep(0.1)
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "a home"
    folder.mkdir()
    monkeypatch.setenv("QUANTLAB_HOME", str(folder))
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    return folder


def rows(home):
    with sqlite3.connect(home / "progress.db") as db:
        assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return db.execute("SELECT points FROM attempts ORDER BY points").fetchall()


def test_what_was_done_is_there_the_next_time_and_it_is_said_how(home):
    assert has_locks(home)
    first = python_without_locks(TAKE_A_HINT).splitlines()
    assert first[0] == "1 False"
    assert f"The file system of {home} has no file locks" in first[1]
    assert "a folder progress.db.lock beside it says when it is in use." in first[1]
    assert first[2] == "None"
    assert python_without_locks(TAKE_A_HINT).splitlines()[0] == "2 False"
    assert [path.name for path in home.iterdir()] == ["progress.db"]


def test_two_notebooks_write_at_once_and_no_row_is_lost(home):
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(python_without_locks, [WRITE, WRITE])) == ["", ""]
    assert rows(home) == [(float(number),) for number in range(25) for _ in range(2)]


def test_a_file_from_a_machine_with_locks_goes_on_without(home):
    """Such a file has a write-ahead log, which needs memory that programs share."""
    store = Store(home / "progress.db")
    store.write(("INSERT INTO help VALUES (?, ?, ?, NULL)", ("ada", "1.2", 4)))
    assert not store.in_memory
    assert python_without_locks(TAKE_A_HINT).splitlines()[0] == "5 False"
    assert store.read("SELECT hints FROM help") == [(5,)]


def test_the_lock_of_a_killed_notebook_ends_and_a_fresh_one_is_respected(home):
    python_without_locks(TAKE_A_HINT)
    lock = home / "progress.db.lock"
    lock.mkdir()
    started = time.monotonic()
    kept, notice, _ = python_without_locks(TAKE_A_HINT).splitlines()
    assert kept == "1 True"  # counted in memory: the file could not be read
    assert "Another program holds the progress file" in notice
    assert lock.is_dir()
    assert time.monotonic() - started > BUSY_SECONDS
    killed = time.time() - STALE_SECONDS - 5
    os.utime(lock, (killed, killed))
    assert python_without_locks(TAKE_A_HINT).splitlines()[0] == "2 False"
    assert not lock.exists()
