"""The SQLite file under a learner's progress, and what happens when the file misbehaves.

Every operation opens the file, does one short transaction and closes it again: two notebooks
can write at once, and a killed kernel leaves nothing half done (SQLite's write-ahead log,
https://www.sqlite.org/wal.html). A damaged file is set aside and a new one started. A file that
is locked or cannot be written is replaced by a copy in memory, and what was written meanwhile
is saved when the file is free again. Where a file system has no locks, a folder takes their place.
Where there is no home for a file, all rows of a session stay in memory. No operation here raises,
and none waits over a second.
"""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from quantlab.learn.progress_locks import connect, has_locks

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...]]

SCHEMA_VERSION = 2
#: The newest last: a file of schema 1 has no choices, and what it has is copied first.
TABLES = ("attempts", "help", "self_assessments", "quiz_attempts", "choices")
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS attempts (
        id INTEGER PRIMARY KEY, user TEXT, exercise TEXT, verdict TEXT, points REAL,
        max_points REAL, misconception TEXT, seconds REAL, at TEXT)""",
    """CREATE TABLE IF NOT EXISTS help (
        user TEXT, exercise TEXT, hints INTEGER DEFAULT 0, solution_opened_at TEXT,
        PRIMARY KEY (user, exercise))""",
    """CREATE TABLE IF NOT EXISTS self_assessments (
        id INTEGER PRIMARY KEY, user TEXT, exercise TEXT, band INTEGER, points REAL, at TEXT)""",
    """CREATE TABLE IF NOT EXISTS quiz_attempts (
        id INTEGER PRIMARY KEY, user TEXT, quiz TEXT, points REAL, max_points REAL,
        answers TEXT, at TEXT)""",
    """CREATE TABLE IF NOT EXISTS choices (
        user TEXT, asked TEXT, chosen TEXT, at TEXT, sealed_at TEXT,
        PRIMARY KEY (user, asked))""",
    "CREATE INDEX IF NOT EXISTS attempts_of ON attempts (user, exercise)",
)

BUSY_SECONDS = 0.6  # how long one operation waits for another notebook's transaction
RETRY_SECONDS = 5.0  # how often the file is tried again while we work in memory
RETRY_BUSY_SECONDS = 0.1
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
LOCK = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class NoHomeError(OSError):
    """The system names no folder that is this user's own."""


class NewerFileError(sqlite3.Error):
    """The file was written by a later version of QuantLab, so this one leaves it alone."""


def utc_now() -> str:
    """The time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Store:
    """Statements in, rows out, on the file at `path` or, when that fails or is None, in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._notice: str | None = None
        self._memory: sqlite3.Connection | None = None
        self._pending: list[Statement] = []
        self._last_try = 0.0
        self._checked = False
        self._inode: int | None = None
        self._by_folder = False

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT; an empty list when neither file nor memory can answer."""
        return self._do(lambda db: db.execute(sql, tuple(params)).fetchall(), [], ())

    def write(self, *statements: Statement) -> int:
        """Run the statements in one transaction; returns the number of rows they changed."""
        return self._do(lambda db: _transact(db, statements), 0, statements)

    def take_notice(self) -> str | None:
        """The sentence about a set-aside or locked file, handed over once, then None."""
        with self._lock:
            notice, self._notice = self._notice, None
            return notice

    @property
    def in_memory(self) -> bool:
        """True while the file cannot be used and this session's rows live in memory."""
        return self._memory is not None

    def flush(self) -> bool:
        """Try to bring rows kept in memory back to the file; True when the file is in use."""
        with self._lock:
            if self._memory is not None:
                self._return_to_file(BUSY_SECONDS)
            return self._memory is None

    def _do(self, work: Callable[[sqlite3.Connection], T], default: T, kept: Sequence) -> T:
        with self._lock:
            if self._memory and time.monotonic() - self._last_try >= RETRY_SECONDS:
                self._return_to_file(RETRY_BUSY_SECONDS)
            if self._memory is None:
                try:
                    return self._with_locks(work)
                except (sqlite3.Error, OSError) as error:
                    self._fall_back(error)
            assert self._memory is not None
            try:
                result = work(self._memory)
            except sqlite3.Error as error:
                self._notice = f"QuantLab could not note this step of your progress ({error})."
                return default
            self._pending.extend(kept)
            return result

    def _with_locks(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the file, with a folder as its lock where the file system has none."""
        try:
            return self._on_file(work)
        except sqlite3.Error as error:
            assert self.path is not None  # without a file there was another error
            if self._by_folder or _code(error) not in LOCK or has_locks(self.path.parent):
                raise
        self._by_folder = True
        self._notice = (
            f"The file system of {self.path.parent} has no file locks, as some network drives. "
            f"Your progress is kept there all the same; a folder {self.path.name}.lock beside it "
            "says when it is in use."
        )
        return self._on_file(work)

    def _on_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the file; a damaged file is set aside and the work done on a new one."""
        try:
            with closing(self._open(BUSY_SECONDS)) as db:
                return work(db)
        except sqlite3.DatabaseError as error:
            if _code(error) not in DAMAGE:
                raise
            self._set_aside()
        with closing(self._open(BUSY_SECONDS)) as db:
            return work(db)

    def _open(self, busy_seconds: float) -> sqlite3.Connection:
        if self.path is None:
            raise NoHomeError
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = connect(self.path, busy_seconds, by_folder=self._by_folder)
        try:
            self._inode = self.path.stat().st_ino
            if not self._by_folder:
                # With a write-ahead log, NORMAL may lose the last commits on a power cut, never
                # more, and it saves a disk flush for every attempt.
                db.execute("PRAGMA synchronous = NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise NewerFileError(f"schema {version}, this QuantLab knows {SCHEMA_VERSION}")
            if version < SCHEMA_VERSION:
                _create(db, log=not self._by_folder)
            if not self._checked:
                _must_be_sound(db)
                self._checked = True
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self) -> None:
        """Rename the damaged file, unless another notebook has just done so."""
        assert self.path is not None  # no file, no damage
        if self.path.exists() and self.path.stat().st_ino == self._inode:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}")
            self.path.rename(aside)
            for tail in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self.path}{tail}").rename(f"{aside}{tail}")
            self._notice = (
                f"Your progress file was damaged. It is kept as {aside}, "
                "and a new, empty one was started."
            )
        self._checked = False

    def _fall_back(self, error: sqlite3.Error | OSError) -> None:
        """Go on in memory, with what can still be read from the file, and say so."""
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _transact(self._memory, [(sql, ()) for sql in SCHEMA])
        if self.path is not None and not isinstance(error, NewerFileError):
            _copy_readable(self.path, self._memory)
        self._last_try = time.monotonic()
        self._notice = _sentence(error, self.path)
        atexit.register(self.flush)

    def _return_to_file(self, busy_seconds: float) -> None:
        self._last_try = time.monotonic()
        try:
            with closing(self._open(busy_seconds)) as db:
                _transact(db, self._pending)
        except (sqlite3.Error, OSError):
            return  # still out of reach: the sentence was said, the rows are still in memory
        assert self._memory is not None
        self._memory.close()
        self._memory = None
        self._pending = []
        self._notice = f"Your progress is saved again in {self.path}."
        atexit.unregister(self.flush)


def _transact(db: sqlite3.Connection, statements: Sequence[Statement]) -> int:
    db.execute("BEGIN IMMEDIATE")
    try:
        changed = sum(max(db.execute(sql, params).rowcount, 0) for sql, params in statements)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has rolled back by itself
            db.execute("ROLLBACK")
        raise
    return changed


def _create(db: sqlite3.Connection, log: bool) -> None:
    try:
        db.execute(f"PRAGMA journal_mode = {'WAL' if log else 'DELETE'}")
    except sqlite3.OperationalError as error:
        # Another notebook creates the file at this moment and sets the same, lasting mode.
        if _code(error) not in LOCK:
            raise
    version = (f"PRAGMA user_version = {SCHEMA_VERSION}", ())
    _transact(db, [*((sql, ()) for sql in SCHEMA), version])


def _must_be_sound(db: sqlite3.Connection) -> None:
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _copy_readable(path: Path, memory: sqlite3.Connection) -> None:
    """Copy the rows of a file that can be read but not written; an unreadable one gives none."""
    with contextlib.suppress(sqlite3.Error):
        memory.execute(f"PRAGMA busy_timeout = {int(RETRY_BUSY_SECONDS * 1000)}")
        memory.execute("ATTACH ? AS file", (f"{path}",))
        for table in TABLES:  # no BEGIN IMMEDIATE: it would ask for the file's write lock, too
            memory.execute(f"INSERT INTO main.{table} SELECT * FROM file.{table}")
    with contextlib.suppress(sqlite3.Error):
        memory.execute("DETACH file")


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code: the low byte of the extended one."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _sentence(error: sqlite3.Error | OSError, path: Path | None) -> str:
    if path is None:
        return (
            "This computer gives your user no home folder (HOME is not set). This session's "
            "progress stays in memory only; set QUANTLAB_HOME to a folder that you can write to."
        )
    if isinstance(error, NewerFileError):
        return (
            f"The progress file {path} comes from a newer QuantLab ({error}). This session's "
            "progress stays in memory only; update QuantLab to go on with the file."
        )
    if isinstance(error, sqlite3.Error) and _code(error) in LOCK:
        return (
            f"Another program holds the progress file {path}. This session's progress stays in "
            "memory and is saved as soon as the file is free."
        )
    return (
        f"QuantLab cannot write the progress file {path} ({error}). This session's progress "
        "stays in memory only; run `quantlab doctor` to see why."
    )
