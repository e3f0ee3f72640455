"""Where one case is tried: canaries of its own, a listener on loopback, and a look around after.

Nothing real is reached for: what a case may read, overwrite or call is made here for it alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
import sqlite3
import tempfile
from pathlib import Path

import psutil

from autograder.attacks.case import Case

SOLUTION = '# %% exercise 1.3\n### BEGIN SOLUTION\ndef quantize(*a):\n    return "{token}"\n'


class Field:
    """A folder with canaries and two listeners; `problems` says what was touched."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="quantlab-attack-")
        self.root = Path(self._folder.name)
        self.token = secrets.token_hex(12)
        self.number = str(secrets.randbits(50))
        self.canary = self.root / "canary"
        self._plant()
        self._listeners = [self._listen_inet(), *self._listen_abstract()]
        self._before = self._state()

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *about: object) -> None:
        for listener in self._listeners:
            listener.close()
        for process in self._alive():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._folder.cleanup()

    def filled(self, text: str) -> str:
        """A text of a case with the places of this field in it."""
        port = str(self._listeners[0].getsockname()[1])
        filled = text.replace("@CANARY@", str(self.canary)).replace("@TOKEN@", self.token)
        return filled.replace("@NUMBER@", self.number).replace("@PORT@", port)

    def problems(self, case: Case, shown: str) -> list[str]:
        """What happened that must not; `shown` is all that came out of the grading."""
        found = []
        if f"CANARY-{self.token}" in shown:
            found.append("a canary stands in the output")
        if case.expected.secret and case.expected.secret in shown:
            found.append(f"{case.expected.secret!r} stands in the output")
        if self._state() != self._before:
            found.append("a canary was changed, or a file was left beside it")
        if any(self._called(listener) for listener in self._listeners):
            found.append("a listener outside was reached")
        if self._alive():
            found.append("a process is alive after the grading")
        return found

    def _plant(self) -> None:
        (self.canary / "other" / "submitted").mkdir(parents=True)
        for name in ("id_rsa", "other/submitted/ben.ipynb", "token.env"):
            (self.canary / name).write_text(f"CANARY-{self.token}\n")
        text = SOLUTION.format(token=f"CANARY-{self.token}")
        (self.canary / "01_scale_and_zero_point.py").write_text(text)
        with contextlib.closing(sqlite3.connect(self.canary / "gradebook.db")) as book:
            book.execute("create table grade (id text, auto_score float, manual_score float)")
            book.execute("insert into grade values (?, 3, null)", (f"CANARY-{self.token}",))
            book.commit()

    def _state(self) -> dict[str, str]:
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.canary.rglob("*"))
            if path.is_file()
        }

    def _listen_inet(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        return listener

    def _listen_abstract(self) -> list[socket.socket]:
        """A name that stands in no folder; only Linux has such."""
        if not hasattr(socket, "AF_UNIX"):
            return []
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(f"\0{self.token}")
        except OSError:
            listener.close()
            return []
        listener.listen()
        listener.setblocking(False)
        return [listener]

    @staticmethod
    def _called(listener: socket.socket) -> bool:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def _alive(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any(self.number in word for word in words):
                found.append(process)
        return found
