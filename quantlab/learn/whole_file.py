"""SQLite on a drive that only reads and writes files as a whole, as a browser's does.

Such a drive says the old size of a file that is being written, and programs share no memory on it:
SQLite takes its own pages for damage, and finds no place for a write-ahead log.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


class WholeFile(sqlite3.Connection):
    """The file at `path` in memory; `close` writes it back at once if it has changed.

    A file that is not there is made, empty. Of two that write at the same time the later one wins.

    Raises
    ------
    OSError
        The file cannot be read, made or, by `close`, written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(":memory:", isolation_level=None)
        self._path = path
        self._read = path.read_bytes() if path.exists() else b""
        if self._read:
            self.deserialize(self._read)
        else:
            path.touch()

    def close(self) -> None:
        """Write what has changed, then close; an open transaction is taken back before."""
        try:
            self.rollback()
            content = self.serialize()
            if content != self._read:
                self._path.write_bytes(content)
        finally:
            super().close()
