"""Progress on a drive that only reads and writes files as a whole."""

import sqlite3
from contextlib import closing

import pytest

from quantlab.learn import progress_locks
from quantlab.learn.progress_store import Store
from quantlab.learn.whole_file import WholeFile


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(progress_locks, "IN_BROWSER", True)
    return tmp_path / "home" / "progress.db"


def opened(store, exercise):
    return store.write(("INSERT INTO help (user, exercise) VALUES ('me', ?)", (exercise,)))


def test_what_one_store_wrote_another_reads_and_adds_to(path):
    assert opened(Store(path), "1.2") == 1
    assert opened(Store(path), "1.3") == 1
    store = Store(path)
    assert store.read("SELECT exercise FROM help ORDER BY exercise") == [("1.2",), ("1.3",)]
    assert not store.in_memory
    assert store.take_notice() is None
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_sqlite_itself_reads_the_file(path):
    opened(Store(path), "1.2")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT exercise FROM help").fetchall() == [("1.2",)]


def test_reading_does_not_write(path, monkeypatch):
    opened(Store(path), "1.2")
    path.chmod(0o400)
    monkeypatch.setattr(type(path), "write_bytes", lambda *_: pytest.fail("was written"))
    assert Store(path).read("SELECT exercise FROM help") == [("1.2",)]


def test_a_damaged_file_is_set_aside(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 99)
    store = Store(path)
    assert opened(store, "1.2") == 1
    assert store.take_notice().startswith("Your progress file was damaged.")
    assert Store(path).read("SELECT exercise FROM help") == [("1.2",)]


def test_what_cannot_be_written_stays_in_memory(path, monkeypatch):
    def full(*_):
        raise OSError("no room")

    monkeypatch.setattr(type(path), "write_bytes", full)
    store = Store(path)
    assert opened(store, "1.2") == 1
    assert "(no room)" in store.take_notice()
    assert store.in_memory
    monkeypatch.undo()
    assert store.flush()


def test_an_open_transaction_is_taken_back(tmp_path):
    with closing(WholeFile(tmp_path / "a.db")) as db:
        db.execute("CREATE TABLE t (x)")
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (1)")
    with closing(WholeFile(tmp_path / "a.db")) as db:
        assert db.execute("SELECT * FROM t").fetchall() == []
