"""Which names a cell's code defines, read and never run; and a stub without those of others."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from IPython.core.inputtransformer2 import TransformerManager

ELSEWHERE = "# The answer to this exercise stands in another cell."


def names_of(source: str) -> frozenset[str]:
    """The names that a cell defines at its top level; none for code that does not parse."""
    return frozenset(name for statement in _statements(source) for name in _bound(statement))


def without_names(stub: str, names: Iterable[str]) -> str:
    """A stub without the definitions of these names, which stand in another cell.

    A stub defines each of its names by a statement of its own: a function, or `name = ...`.
    """
    others = frozenset(names)
    kept = [s for s in _statements(stub) if not (bound := _bound(s)) or not bound <= others]
    if len(kept) == len(_statements(stub)):
        return stub
    texts = [ast.get_source_segment(stub, statement) or "" for statement in kept]
    return "\n".join([ELSEWHERE, *texts])


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(TransformerManager().transform_cell(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _bound(statement: ast.stmt) -> frozenset[str]:
    """What a statement binds at the top level, also inside `if` and `try`, not inside `def`."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset([statement.name])
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset((a.asname or a.name).partition(".")[0] for a in statement.names)
    found: frozenset[str] = frozenset()
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            found |= _bound(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            found |= frozenset().union(*map(_bound, child.body))
        else:
            found |= frozenset(
                node.id
                for node in ast.walk(child)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
    return found
