"""How the progress file is locked: by its file system, or by a folder where that has no locks.

Some network drives know no file locks. What they do know is that a folder can be made only once:
SQLite's `unix-dotfile` (https://www.sqlite.org/vfs.html) makes progress.db.lock for as long as it
works on progress.db. A program that is killed meanwhile leaves the folder behind. No step here
takes seconds, so one that is older than `STALE_SECONDS` is nobody's.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

from quantlab.base.browser import IN_BROWSER
from quantlab.learn.whole_file import WholeFile

STALE_SECONDS = 30.0


def connect(path: Path, seconds: float, *, by_folder: bool) -> sqlite3.Connection:
    """Open the file; who else holds it is waited for, `seconds` at most. Raises sqlite3.Error."""
    if IN_BROWSER:
        return WholeFile(path)
    if not by_folder:
        return sqlite3.connect(path, timeout=seconds, isolation_level=None)
    _remove_stale(path)
    address = f"{path.absolute().as_uri()}?vfs=unix-dotfile"
    db = sqlite3.connect(address, uri=True, timeout=seconds, isolation_level=None)
    try:
        # A write-ahead log needs memory that programs share, unless one of them has all to itself.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        db.close()
        raise
    return db


def has_locks(folder: Path) -> bool:
    """Whether files in this folder can be locked, tried on a new one.

    A network share without a lock daemon answers ENOLCK, some shares that they know no locks.
    SQLite says "busy" to all of that, as if another program held the file.
    """
    if os.name == "nt":
        return True  # where Windows cannot lock, SQLite names the error
    import fcntl

    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _remove_stale(path: Path) -> None:
    """Take away a lock that a killed program left. The drive's own clock says how old it is."""
    lock = Path(f"{path}.lock")
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=path.parent) as now:
        if os.fstat(now.fileno()).st_mtime - lock.stat().st_mtime > STALE_SECONDS:
            lock.rmdir()
