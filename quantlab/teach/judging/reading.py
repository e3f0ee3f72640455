"""What the text of a learner's function says: which names it reads, what stands above the gap."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

IMPORTS = (ast.Import, ast.ImportFrom)


def names_used(function: Any) -> tuple[str, ...]:
    """The dotted names that a function and the learner's own helpers read, at their true home.

    `q8(x)` after `from quantlab import quantize as q8` in any cell is `quantlab…quantize`, and a
    local variable called `ql` is nothing. Without its text a function shows its global names alone.
    """
    return tuple(_used(function, set()))


def code_above_the_marker(source: str | None) -> bool:
    """True when a function has statements of its own besides docstring, asserts and the marker."""
    tree = _parsed(source)
    if tree is None or not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return False
    return any(not _is_given(statement) for statement in tree.body[0].body)


def _is_given(statement: ast.stmt) -> bool:
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Assert | ast.Raise | ast.Pass)


def _used(function: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(function, partial):
        function = function.func
    if home := _home(function):
        yield home
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    try:
        tree = _parsed(inspect.getsource(function))
    except (OSError, TypeError):
        tree = None
    names = _read_in(tree) if tree else _read_by(function.__code__)
    for name in names:
        root, _, rest = name.partition(".")
        value = function.__globals__.get(root)
        if root.startswith(":"):  # an import inside the function, already at its home
            yield name[1:]
        elif isinstance(value, ModuleType):
            yield f"{value.__name__}.{rest}" if rest else value.__name__
        elif isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
            yield from _used(value, seen)
        elif callable(value) and (home := _home(value)):
            yield home


def _read_in(tree: ast.AST) -> Iterator[str]:
    """Dotted names read and not bound inside; those of inner imports begin with a colon."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, IMPORTS):
            start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                imported[alias.asname or alias.name.partition(".")[0]] = (
                    f"{start}{alias.name}" if start or alias.asname else alias.name.split(".")[0]
                )
                yield f":{start}{alias.name}"
    own = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    own |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_bound(n)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        root, _, rest = ast.unparse(node).partition(".")
        if root in imported:
            yield f":{imported[root]}.{rest}" if rest else f":{imported[root]}"
        elif root.isidentifier() and root not in own:
            yield f"{root}.{rest}" if rest else root


def _is_bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _read_by(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _read_by(inner)


def _home(value: Any) -> str:
    """`quantlab.numerics.quantize.quantize`: the module a function or class came with, its name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    # The last part alone: torch's functions are methods of a class that nobody calls by name.
    return f"{module}.{name.rpartition('.')[2]}" if callable(value) and module and name else ""


def _parsed(source: str | None) -> ast.Module | None:
    try:
        return ast.parse(textwrap.dedent(source)) if source else None
    except SyntaxError:
        return None
