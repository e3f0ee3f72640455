"""Which modules of the course a lesson in a browser tab can come to import, read from the source.

`reached` follows the imports from the lessons' cells and exercises, those inside of functions too.
What cannot be imported there is left out, and so is what only that would have asked for.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "quantlab"
#: The rooms whose code may go there; of the lessons' room, the lessons that are asked for.
ROOMS = ("base", "learn", "numerics", "teach")


@cache
def course_modules() -> dict[str, Path]:
    """The dotted name of every module of the course -> its file."""
    files = sorted((ROOT / PACKAGE).rglob("*.py"))
    return {_dotted(file.relative_to(ROOT)): file for file in files}


def reached(lessons: Collection[str], there: Collection[str]) -> set[str]:
    """The modules that these lessons can import where `there` are the packages to be had.

    lessons  names of notebooks; there: top-level names of packages, the standard library's too.
    """
    files = {name: file for name, file in course_modules().items() if _may_go(file, lessons)}
    importable = _importable(files, there)
    ahead = {name for lesson in lessons for name in _roots(lesson, files)}
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in importable and name not in found:
            found.add(name)
            ahead |= set(_asked_for(files[name], inside=True)) | set(_parents(name))
    return found


def left_out(found: Collection[str]) -> list[str]:
    """What an import there misses: the modules not in `found`, of a lost package its name alone."""
    lost = [name for name in course_modules() if name not in found]
    return [name for name in lost if name.rpartition(".")[0] in found]


def _may_go(file: Path, lessons: Collection[str]) -> bool:
    """Whether a file lies in one of the rooms, in a lesson's, or beside them."""
    room, *below = file.relative_to(ROOT / PACKAGE).parts
    if room == "lessons":
        return len(below) == 1 or below[0] in map(room_of, lessons)
    return room in ROOMS or not below


def _importable(files: dict[str, Path], there: Collection[str]) -> set[str]:
    """The modules whose own imports succeed, and those of what they import, to the end."""
    needs = {
        name: {*_asked_for(file, inside=False), *_parents(name)} for name, file in files.items()
    }
    good, before = set(files), -1
    while len(good) != before:
        before = len(good)
        good = {
            name
            for name in good
            if all(need in good or need.partition(".")[0] in there for need in needs[name])
        }
    return good


def _roots(lesson: str, files: dict[str, Path]) -> Iterator[str]:
    """What the cells of a lesson import, and the exercises that the catalogue finds by itself."""
    notebook = ROOT / "notebooks" / lesson / f"{lesson}.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in (c for c in cells if c["cell_type"] == "code"):
        rows = "".join(cell["source"]).splitlines()
        yield from _imports(ast.parse("\n".join(r for r in rows if r[:1] not in "%!")), inside=True)
    room = f"{PACKAGE}.lessons.{room_of(lesson)}"
    yield room
    yield from (name for name in files if name.startswith(f"{room}.exercises"))


def room_of(lesson: str) -> str:
    """ "lesson_01" for "01_scale_and_zero_point"; a name without a number is its room's."""
    return f"lesson_{lesson[:2]}" if lesson[:2].isdigit() else lesson


@cache
def _asked_for(file: Path, *, inside: bool) -> frozenset[str]:
    """The modules that a file imports; with `inside` also later, or by a name in a string."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = set(_imports(tree, inside))
    if inside and file.name != "__init__.py":  # there the strings are homes of lazy names
        strings = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
        found |= {s for s in strings if isinstance(s, str) and s in course_modules()}
    return frozenset(found)


def _imports(tree: ast.Module, inside: bool) -> Iterator[str]:
    """The modules of the import statements: all of them, or those that run with the module."""
    for node in _run(tree, inside):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
                yield from _by_attribute(tree, alias.name, alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "imports are absolute in this house"
            for alias in node.names:
                yield from _homes(node.module, alias.name)


def _run(node: ast.AST, inside: bool) -> Iterator[ast.AST]:
    """The nodes below one that may run: when the module is imported or, with `inside`, ever."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if inside or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _run(child, inside)


def _by_attribute(tree: ast.Module, module: str, name: str) -> Iterator[str]:
    """What is taken from a package by a dot: quantlab.numerics for `ql.quantize`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Name) and node.value.id == name:
            yield from _homes(module, node.attr)


@cache
def _homes(module: str, name: str) -> tuple[str, ...]:
    """The modules that `from module import name` imports, through the homes of lazy names."""
    if f"{module}.{name}" in course_modules():
        return module, f"{module}.{name}"
    if module not in course_modules():
        return (module,)
    homes = getattr(import_module(module), "_HOMES", {}) if _is_lazy(module) else {}
    home = homes.get(name)
    if home is None:
        return (module,)
    home = module + home if home.startswith(".") else home
    return (module, *_homes(home, name))


@cache
def _is_lazy(module: str) -> bool:
    return "lazy_names(__name__" in course_modules()[module].read_text(encoding="utf-8")


def _parents(name: str) -> Iterator[str]:
    """ "quantlab" and "quantlab.base" for "quantlab.base.lazy"."""
    parts = name.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts)))


def _dotted(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")
