"""Which cells ran and how they ended, so that no check judges an answer from before in silence.

In a notebook a name outlives its cell: after a SyntaxError, or a function renamed by a slip, the
old answer is still there. Importing `quantlab.learn` in a kernel starts to watch; elsewhere nothing
is known and nothing is said.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: A cell that starts this soon after another one ended was queued behind it, by "Run All".
QUEUED_SECONDS = 0.1
DEFINES = re.compile(r"^[ \t]*(?:async\s+)?(?:def|class)\s+(\w+)|^([\w, \t]+?)\s*=(?!=)", re.M)


@dataclass(frozen=True)
class Run:
    """One run of a cell: its id where the front end has one, the names that its text defines, and
    the name of the error that ended it ("" for none)."""

    cell: str | None
    names: frozenset[str]
    error: str


@dataclass(frozen=True)
class Stale:
    """`name` is an answer from before: its cell failed with `error`, or defines it no longer."""

    name: str
    error: str = ""


class CellRuns:
    """The runs of one kernel, told by its events."""

    def __init__(self) -> None:
        self._definer: dict[str, Run] = {}
        self._failed: dict[str, Run] = {}
        self._last: dict[str, Run] = {}
        self._now: frozenset[str] = frozenset()
        self._before: dict[str, Any] = {}
        self._ended = float("-inf")
        self._queued = False

    def starts(self, source: str, namespace: Mapping[str, Any]) -> None:
        """A cell is about to run."""
        self._queued = time.monotonic() - self._ended < QUEUED_SECONDS
        self._now = defined_names(source)
        self._before = {name: namespace.get(name) for name in self._now}

    def ends(self, source: str, namespace: Mapping[str, Any], cell: str | None, error: str) -> None:
        """A cell has run; `error` is the name of the exception that ended it, or ""."""
        run = Run(cell, defined_names(source), error)
        for name in run.names:
            same = name in self._before and self._before[name] is namespace.get(name)
            if error and same:
                self._failed[name] = run
            else:
                self._definer[name] = run
                self._failed.pop(name, None)
        if cell is not None:
            self._last[cell] = run
        self._now, self._before = frozenset(), {}
        self._ended, self._queued = time.monotonic(), False

    @property
    def defining(self) -> frozenset[str]:
        """The names that the running cell's text defines; empty between two cells."""
        return self._now

    @property
    def queued(self) -> bool:
        """True while a cell runs that "Run All" started."""
        return self._queued

    def stale(self, names: Iterable[str]) -> Stale | None:
        """The first of `names` whose value is older than the last run of its cell."""
        for name in names:
            if name in self._now:  # this very cell defines it
                continue
            run = self._failed.get(name) or self._definer.get(name)
            if run is None:
                continue
            last = self._last[run.cell] if run.cell else run
            if name not in last.names or name in self._failed:
                return Stale(name, last.error)
        return None


def defined_names(source: str) -> frozenset[str]:
    """The names that a cell's text defines at its margin; of a text with an error, those that it
    looks like defining."""
    try:
        return frozenset(_bound(ast.parse(_python(source)).body))
    except SyntaxError:
        found = DEFINES.findall(source)
        return frozenset(n for one, many in found for n in re.findall(r"\w+", one or many))


def _python(source: str) -> str:
    """Without the lines that only IPython understands."""
    return "\n".join(
        re.sub(r"\S.*", "pass", row) if row.lstrip().startswith(("%", "!")) else row
        for row in source.splitlines()
    )


def _bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Import | ast.ImportFrom):
                yield from (a.asname or a.name.partition(".")[0] for a in node.names)


RUNS = CellRuns()


def watch() -> None:
    """Start to follow this kernel's cells, once. Does nothing outside IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or getattr(shell, "quantlab_cell_runs", None) is RUNS:
        return
    shell.quantlab_cell_runs = RUNS

    def before(info: Any) -> None:
        RUNS.starts(info.raw_cell or "", shell.user_ns)

    def after(result: Any) -> None:
        fault = result.error_before_exec or result.error_in_exec
        error = type(fault).__name__ if fault else ""
        cell = getattr(result.info, "cell_id", None)
        RUNS.ends(result.info.raw_cell or "", shell.user_ns, cell, error)

    shell.events.register("pre_run_cell", before)
    shell.events.register("post_run_cell", after)
