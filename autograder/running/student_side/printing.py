"""What a cell prints and shows, cut to a size while it is written.

Printed text goes to the process's own output, where the grader reads it and counts again: this side
is the student's, and its counting is only a courtesy that keeps an honest cell's definitions.
"""

from __future__ import annotations

import io
import os
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

#: What a shown object may be kept as; widgets and scripts are not run in a graded notebook.
MIMES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")


class TooMuch(BaseException):
    """The cell printed more than its limit. No `Exception`, as an interrupt is none."""


class Meter:
    """Bytes of output of the present cell: `kept` are passed on, at `stop` the cell ends."""

    def __init__(self, kept: int, stop: int) -> None:
        self.kept, self.stop = kept, stop
        self.seen = 0

    def count(self, size: int) -> int:
        """How many of the next `size` bytes are passed on. TooMuch for a cell that goes on though
        it was over its limit before: what one print writes is never cut in the middle of a cell."""
        if self.seen > self.stop:
            raise TooMuch
        room = max(0, self.kept - self.seen)
        self.seen += size
        return min(room, size)


class Metered(io.RawIOBase):
    """Standard output of a cell."""

    def __init__(self, meter: Meter, fd: int) -> None:
        self._meter, self._fd = meter, fd

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        passed = self._meter.count(len(view))
        left = view[:passed]
        while left:
            left = left[os.write(self._fd, left) :]
        return len(view)


def text_stream(meter: Meter, fd: int) -> io.TextIOWrapper:
    """A text stream over a meter; half a surrogate pair becomes a question mark."""
    return io.TextIOWrapper(
        io.BufferedWriter(Metered(meter, fd)), "utf-8", "replace", write_through=True
    )


class Shown:
    """The objects that the present cell displayed, as nbformat's outputs."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.outputs: list[dict[str, Any]] = []

    def add(self, kind: str, data: dict[str, Any]) -> None:
        kept = {m: str(data[m]) for m in MIMES if isinstance(data.get(m), str)}
        size = sum(map(len, kept.values()))
        if self._meter.count(size) == size and kept:
            self.outputs.append({"output_type": kind, "metadata": {}, "data": kept})

    def take(self) -> list[dict[str, Any]]:
        taken, self.outputs = self.outputs, []
        return taken


class Publisher(DisplayPublisher):
    """`display(...)`."""

    shown: Shown

    def publish(self, data: Any, *args: Any, **kwargs: Any) -> None:
        self.shown.add("display_data", dict(data))

    def clear_output(self, wait: bool = False) -> None:
        self.shown.outputs.clear()


class Hook(DisplayHook):
    """The value of a cell's last line."""

    shown: Shown

    def write_output_prompt(self) -> None:
        """No prompt: an output of a notebook has none."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shown.add("execute_result", dict(format_dict))

    def finish_displayhook(self) -> None:
        """Nothing to flush."""
