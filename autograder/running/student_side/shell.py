"""IPython's own shell without a terminal and without a kernel: magics, display, async cells."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from . import going_on
from .printing import Hook, Meter, Publisher, Shown, TooMuch, text_stream

LONGEST_TRACEBACK = 20_000


class Shell(InteractiveShell):
    """A shell that keeps what a cell shows, and lets no cell end the session by `exit`."""

    def init_sys_modules(self) -> None:
        """A cell's functions belong to `__main__`, as in a notebook."""
        super().init_sys_modules()
        sys.modules["__main__"] = self.user_module

    def ask_exit(self) -> None:
        print("The session goes on: the next cells are run too.")

    def enable_gui(self, gui: Any = None) -> None:
        """Pictures are drawn into the notebook; there is no window."""


class Cells:
    """Runs cells one after the other, and says how each ended."""

    def __init__(self, kept: int, stop: int) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.meter = Meter(kept, stop)
        self.shown = Shown(self.meter)
        Publisher.shown = Hook.shown = self.shown
        self.shell = Shell.instance(
            config=config,
            display_pub_class=Publisher,
            displayhook_class=Hook,
            colors="nocolor",
            user_ns={},
        )
        self.shell.showtraceback = self._traceback  # type: ignore[method-assign]
        self._failures: list[dict[str, Any]] = []
        self._streams = text_stream(self.meter, 1), text_stream(self.meter, 1)
        sys.stdout, sys.stderr = self._streams

    def run(self, source: str) -> dict[str, Any]:
        """`status` ok, error or output_limit; the outputs that are no printed text; the error."""
        self.meter.seen = 0
        self._failures.clear()
        self.shown.take()
        self._restore()
        try:
            fault = self._run(source)
        except TooMuch as too_much:
            fault = too_much
        self._flush()
        status = "error" if fault is not None else "ok"
        if isinstance(fault, TooMuch):
            status = "output_limit"
        elif type(fault).__name__ == "TimeIsUp":
            status = "timeout"
        return {"status": status, "outputs": self.shown.take() + self._failures}

    def _run(self, source: str) -> BaseException | None:
        """Run a cell, what stands below a line that only works at home included."""
        lost: set[str] = set()
        first: BaseException | None = None
        for _ in range(going_on.MOST):
            result = self.shell.run_cell(source, store_history=first is None)
            fault = result.error_before_exec or result.error_in_exec
            first = first or fault
            if fault is None:
                break
            source = going_on.below(str(result.info.transformed_cell), fault, lost)
            if not source:
                break
        return first

    def _restore(self) -> None:
        """IPython runs no cell without an output, which a cell may have taken away."""
        for name, own in zip(("stdout", "stderr"), self._streams, strict=True):
            if not hasattr(getattr(sys, name, None), "write"):
                setattr(sys, name, own)

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (Exception, TooMuch):  # a cell may have replaced the stream by anything
                continue

    def _traceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """IPython's own traceback, kept as an output instead of being printed."""
        seen: Any = exc_tuple or sys.exc_info()
        kind, value, trace = seen
        try:
            rows = self.shell.InteractiveTB.structured_traceback(kind, value, trace, tb_offset=1)
        except Exception:  # an exception may refuse to be shown
            rows = []
        text = "\n".join(rows)[-LONGEST_TRACEBACK:]
        self._failures.append(
            {
                "output_type": "error",
                "ename": getattr(kind, "__name__", "Exception"),
                "evalue": _said(value)[:500],
                "traceback": text.splitlines(),
            }
        )


def _said(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return ""
