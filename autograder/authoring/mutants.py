"""Changed answers: each reference solution with one thing in it made wrong, by machine.

A checker that accepts one of them is too kind, or the change changes nothing. What a mutator does
is what a learner does: another operator, one more or less, min for max, floor for round, height for
width, a smaller dtype, a line left out. After PIT and mutmut: one change a mutant.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),  # none becomes a power: one huge power cannot be interrupted
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
#: A function's name and what takes its place; "" stands for its first argument alone.
CALLS: dict[str, tuple[str, ...]] = {
    "min": ("max", ""),
    "max": ("min", ""),
    "minimum": ("maximum", ""),
    "maximum": ("minimum", ""),
    "round": ("np.floor", "np.ceil", ""),
    "rint": ("floor", "ceil", "trunc", ""),
    "floor": ("ceil", "rint"),
    "ceil": ("floor", "rint"),
    "abs": ("",),
    "clip": ("",),
    "sum": ("max",),
    "prod": ("sum",),
}
DTYPES: dict[str, tuple[str, ...]] = {
    "float32": ("float16",),
    "float64": ("float16",),
    "uint8": ("int8", "uint16"),
    "int8": ("uint8", "int16"),
    "int32": ("int8", "int16"),
    "int64": ("int8", "int16"),
}


@dataclass(frozen=True)
class Mutant:
    """`change` says what was changed; `make` gives the names that the learner would define."""

    change: str
    make: Callable[[], Mapping[str, Any]]


def mutants_of(
    source: str, answer: str, names: Mapping[str, Any], case: Sequence[Any] = ()
) -> tuple[Mutant, ...]:
    """The mutants of an answer's cell, each change once.

    source  the cell with its solution in place; a function's docstring and asserts stay.
    answer  the function that the cell defines, or "" for values.
    names   what the cell finds in the notebook.
    case    arguments of one call: only those of one kind are taken for each other.
    """
    tree = ast.parse(source)
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_stored(n)}
    space = {k: v for k, v in names.items() if k not in ({answer} if answer else stored)}
    before, swaps = ast.unparse(tree), _names_to_swap(tree, answer, case)
    texts = dict.fromkeys(ast.unparse(ast.fix_missing_locations(t)) for t in _changed(tree, swaps))
    mutants = [Mutant(_said(before, text), _run(text, space)) for text in texts if text != before]
    return (*mutants, *(_around(source, answer, space) if answer else ()))


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _said(before: str, after: str) -> str:
    """The changed line as it now stands, or what was left out."""
    old, new = before.splitlines(), after.splitlines()
    added = [line.strip() for line in new if line not in old]
    gone = [line.strip() for line in old if line not in new]
    return "; ".join(added) or f"without: {'; '.join(gone)}"


def _run(text: str, names: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    def make() -> Mapping[str, Any]:
        space = {"np": np, **names}
        exec(compile(text, "mutant", "exec"), space)
        return space

    return make


def _changed(tree: ast.Module, swaps: Sequence[Sequence[str]]) -> Iterator[ast.Module]:
    """Every tree with one node replaced. Nodes are told apart by their place in a walk."""
    given = _given(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in given:
            continue
        for new in (*_expressions(node, swaps), *_statements(node)):
            changed = copy.deepcopy(tree)
            target = next(n for p, n in enumerate(ast.walk(changed)) if p == place)
            _Replace(target, new).visit(changed)
            yield changed


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, new: ast.AST | None) -> None:
        self.target, self.new = target, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.target else self.generic_visit(node)


def _given(tree: ast.Module) -> set[int]:
    """What is not the learner's: arguments, docstring, asserts, what they contain; imports."""
    fixed: list[ast.AST] = [n for n in ast.walk(tree) if isinstance(n, ast.Assert | ast.Import)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            fixed.append(node.args)
            if ast.get_docstring(node):
                fixed.append(node.body[0])
    return {id(inner) for node in fixed for inner in ast.walk(node)}


def _names_to_swap(tree: ast.Module, answer: str, case: Sequence[Any]) -> list[list[str]]:
    """Names that stand for each other by mistake: arguments of one kind, what one line unpacks.

    A number never stands for a list: one times the other can fill the memory of a machine.
    """
    groups: list[list[str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == answer:
            arguments = zip((a.arg for a in node.args.args), case, strict=True)
            numbers = [name for name, value in arguments if isinstance(value, int | float)]
            groups.append(numbers)
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store):
            groups.append([n.id for n in node.elts if isinstance(n, ast.Name)])
    return groups


def _expressions(node: ast.AST, swaps: Sequence[Sequence[str]]) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), ()):
            yield ast.BinOp(node.left, operator(), node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for comparison in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [comparison()], node.comparators)
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse, ast.IfExp(node.test, node.orelse, node.body))
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for group in swaps:
            if node.id in group:
                yield from (ast.Name(other, ast.Load()) for other in group if other != node.id)
    elif isinstance(node, ast.Attribute):
        for dtype in DTYPES.get(node.attr, ()):
            yield ast.Attribute(node.value, dtype, ast.Load())
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield ast.Tuple(node.elts[::-1], ast.Load())
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _constants(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from (ast.Constant(value + 1), ast.Constant(value - 1))
    elif isinstance(value, str) and value.isidentifier():
        yield ast.Constant({"compute": "memory", "memory": "compute"}.get(value, "other"))


def _calls(node: ast.Call) -> Iterator[ast.expr]:
    """Another function of the same kind, the argument alone, and each argument without the rest."""
    if isinstance(node.func, ast.Name):
        name = node.func.id
    elif isinstance(node.func, ast.Attribute):
        name = node.func.attr
    else:
        return
    for other in CALLS.get(name, ()):
        if not other:
            yield from node.args if name in ("min", "max", "minimum", "maximum") else node.args[:1]
        elif isinstance(node.func, ast.Attribute) and "." not in other:
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, [])
        else:
            yield ast.Call(ast.parse(other, mode="eval").body, node.args, node.keywords)
    if name == "astype" and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if name in ("float16", "float32", "float64") and node.args:
        yield node.args[0]


def _statements(node: ast.AST) -> Iterator[ast.stmt | None]:
    if isinstance(node, ast.Assign | ast.AugAssign):
        yield None
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(True), node.body, node.orelse)
        yield ast.If(ast.Constant(False), node.body, node.orelse)


def _around(source: str, answer: str, names: Mapping[str, Any]) -> Iterator[Mutant]:
    """The right answer, then something done to its arguments or to its result."""
    for change, wrap in AROUND:

        def make(wrap: Callable[..., Any] = wrap) -> Mapping[str, Any]:
            space = dict(_run(source, names)())
            return space | {answer: wrap(space[answer])}

        yield Mutant(change, make)


def _then(change: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda function: lambda *args: change(function(*args))


def _writes(function: Callable[..., Any]) -> Callable[..., Any]:
    def changed(*args: Any) -> Any:
        result = copy.deepcopy(function(*args))
        for arg in args:
            if isinstance(arg, np.ndarray):
                arg[...] = 0
            elif isinstance(arg, list):
                arg.clear()
        return result

    return changed


def _each_number(change: Callable[[NDArray[Any]], Any], kinds: str) -> Callable[[Any], Any]:
    """`change` for each number of these kinds in a result; all else stays as it is."""

    def of(result: Any) -> Any:
        if isinstance(result, tuple):
            return tuple(of(part) for part in result)
        value = np.asarray(result)
        with np.errstate(over="ignore"):
            return change(value) if value.dtype.kind in kinds else result

    return of


#: What happens around a right answer. One that has no array, or no whole number, is left as it is.
AROUND: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("writes into its arrays and lists", _writes),
    ("the result in a list of one", _then(lambda result: [result])),
    ("the result in float16", _then(_each_number(lambda v: v.astype(np.float16), "f"))),
    ("the result in int16", _then(_each_number(lambda v: v.astype(np.int16), "iu"))),
    ("the result in int32", _then(_each_number(lambda v: v.astype(np.int32), "iu"))),
    ("the result negative", _then(_each_number(lambda v: -v.astype(np.float64), "iuf"))),
)
