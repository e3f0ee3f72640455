"""A line that works at home and not here costs its own statement, and not the answer below it.

A cell may begin with `from google.colab import drive`, `%matplotlib widget` or `%autosave 60` and
hold an answer further down. A sandbox has no such library and no such kernel. What stands below the
statement that needs it is run all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import TracebackType

#: Statements of one cell that may be passed over.
MOST = 20
#: What IPython makes of a line that begins with % or !.
MAGIC = ("run_line_magic", "system", "getoutput")


def below(source: str, fault: BaseException, lost: set[str]) -> str:
    """The Python of a cell below the statement that `fault` ended, at its own lines; "" where that
    statement fails at home too, or nothing stands below it.

    source   as IPython rewrote it: a magic is a call there.
    lost      names that statements which were passed over would have bound; more are added.
    """
    line = _line(fault.__traceback__)
    try:
        body = ast.parse(source).body if line else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    at = next((n for n, each in enumerate(body) if (each.end_lineno or 0) >= line), None)
    if at is None or at + 1 == len(body) or not _of_this_place(body[at], fault, lost):
        return ""
    lost |= set(_bound(body[at]))
    first = body[at + 1]
    start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    # Two statements of one line would run the first again.
    after = max(start, (body[at].end_lineno or 0) + 1)
    rows = source.splitlines()[after - 1 :]
    return "\n" * (after - 1) + "\n".join(rows) if any(map(str.strip, rows)) else ""


def _of_this_place(statement: ast.stmt, fault: BaseException, lost: set[str]) -> bool:
    if isinstance(fault, ImportError) or _is_magic(statement):
        return True
    return isinstance(fault, NameError) and fault.name in lost


def _is_magic(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Call) and getattr(value.func, "attr", "") in MAGIC


def _bound(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _line(trace: TracebackType | None) -> int:
    """Of the cell itself, which is the first module on the way to the fault; 0 where there is
    none."""
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    return 0
