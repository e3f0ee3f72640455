"""Which names a cell's code defines, read and never run; and a stub without those of others."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable, Iterator

from IPython.core.inputtransformer2 import TransformerManager

#: IPython rewrites one line, reads the whole cell again, and goes on so for hundreds of lines: what
#: a long cell costs is bounded here.
LONG_CELL, REWRITES_LONG, REWRITES = 20_000, 5, 60
REWRITTEN = re.compile(r"^([ \t]*)(?:[%!?,;/].*|[^\n#\"']*[^=!<>]=[ \t]*[%!].*)$", re.MULTILINE)

ELSEWHERE = "# The answer to this exercise stands in another cell."


class _Bounded(TransformerManager):
    """IPython's rewriting with an end of its own. ValueError beyond it."""

    rewrites = REWRITES

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        for _ in range(self.rewrites):
            changed, lines = self.do_one_token_transform(lines)
            if not changed:
                return lines
        raise ValueError("This cell holds more magics than are read.")


def as_python(source: str) -> str:
    """A cell's text as Python reads it. Where a cell has very many magics, these lines are left
    out. ValueError or SyntaxError for what IPython does not take."""
    bounded = _Bounded()
    if len(source) > LONG_CELL:
        bounded.rewrites = REWRITES_LONG
    if len(REWRITTEN.findall(source)) >= bounded.rewrites:
        source = REWRITTEN.sub(r"\1pass", source)
    return str(bounded.transform_cell(source))


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
        return symtable.symtable(as_python(source), "cell", "exec")
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
