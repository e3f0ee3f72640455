"""Which names a cell's code defines, read and never run; and a stub without those of others."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator

from IPython.core.inputtransformer2 import TransformerManager

ELSEWHERE = "# The answer to this exercise stands in another cell."


def names_of(source: str) -> frozenset[str]:
    """The names that a cell binds at its top level; none for code that does not parse.

    Python's own symbol table says so: what a function, a comprehension or a lambda binds for itself
    is not among them.
    """
    table = _table(source)
    symbols = table.get_symbols() if table else ()
    return frozenset(s.get_name() for s in symbols if s.is_assigned() or s.is_imported())


def names_read(source: str) -> frozenset[str]:
    """The names of the notebook that a cell's code reads, in its functions too."""
    table = _table(source)
    return frozenset(_global_reads(table)) if table else frozenset()


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        return symtable.symtable(TransformerManager().transform_cell(source), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _global_reads(table: symtable.SymbolTable) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _global_reads(inner)


def without_names(stub: str, names: Iterable[str]) -> str:
    """A stub without the definitions of these names, which stand in another cell.

    A stub defines each of its names by a statement of its own: a function, or `name = ...`.
    """
    others = names_of(stub) & frozenset(names)
    if not others:
        return stub
    texts = [ast.get_source_segment(stub, each) or "" for each in ast.parse(stub).body]
    kept = [text for text in texts if not (bound := names_of(text)) or not bound <= others]
    return "\n".join([ELSEWHERE, *kept]) if len(kept) < len(texts) else stub
