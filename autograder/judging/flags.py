"""What an instructor may want to look at: read in the text of the cells, and seen while they ran.

A flag takes no points. It says what stands there, and a person decides what it means.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nbformat import NotebookNode

from autograder.intake.defined_names import as_python

#: Libraries that do a whole exercise; the course's own notebooks import some of them.
READY_MADE = ("onnx", "onnxruntime", "torch.ao", "torch.quantization", "openvino", "nncf")
#: Looked for by other libraries when they load themselves.
WITH_OTHERS = "import onnxruntime.capi"
#: Names that reach around an import statement, into other frames, or into the machine.
REACHING = {
    "__import__": "imports by a name in a text",
    "import_module": "imports by a name in a text",
    "eval": "runs a text as code",
    "exec": "runs a text as code",
    "_getframe": "looks into the frames of its caller",
    "currentframe": "looks into the frames of its caller",
    **dict.fromkeys(("f_back", "tb_frame", "walk_stack"), "looks into the frames of its caller"),
    **dict.fromkeys(
        ("get_objects", "get_referrers", "get_referents", "__subclasses__", "__closure__"),
        "looks through the memory of its process",
    ),
    **dict.fromkeys(("ctypes", "_ctypes", "ctypeslib", "pythonapi", "cffi"), "uses machine code"),
    "settrace": "changes how Python watches calls",
    "setprofile": "changes how Python watches calls",
    "ast_transformers": "changes how cells are run",
    "input_transformers_post": "changes how cells are run",
    "input_transformers_cleanup": "changes how cells are run",
    "set_custom_exc": "changes how cells are run",
    "_exit": "ends its own process",
}
MODULES = {
    **dict.fromkeys(("ctypes", "_ctypes", "cffi"), "uses machine code"),
    "subprocess": "starts a program",
    "socket": "opens a connection",
    "inspect": "imports inspect, which can look into frames",
    "multiprocessing": "starts a process",
    "sqlite3": "opens a database",
    "pickle": "loads or writes pickles",
}
LESSONS = "quantlab.lessons"
#: What runs the cells and judges at home; no answer needs it.
WATCH = ("student_side", "quantlab.teach.judging")
#: A person reads them.
MOST_FLAGS = 40
TAGS = frozenset({"skip-execution", "otter_ignore", "raises-exception"})
#: Work that another thread does is not watched.
THREAD = "answers with another thread beside it"
#: Seen while the code ran, and told whatever the text of the cells says.
TOLD = (
    "starts a program",
    "forks",
    "opens a connection",
    "changes how Python watches calls",
    THREAD,
)


def flags_of(
    notebook: NotebookNode, release: NotebookNode, events: Sequence[str]
) -> tuple[str, ...]:
    """The flags of one submission, each once, in the order of its cells.

    events   what its own cells and its answers were seen to do.
    """
    given = {_as_read(cell.source) for cell in release.cells if cell.cell_type == "code"}
    found: dict[str, None] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and _as_read(cell.source) not in given:
            for said in _read(cell.source):
                found[f"A cell {said}."] = None
    for event in events:
        loaded = _ready_made(event.removeprefix("import "))
        if event in TOLD:
            found[f"While it ran, the code {event}."] = None
        elif event.startswith("import ") and loaded and not event.startswith(WITH_OTHERS):
            found[f"While it ran, the code loaded {loaded}."] = None
    told = tuple(found)
    more = len(told) - MOST_FLAGS
    return (*told[:MOST_FLAGS], f"There are {more} flags more.") if more > 0 else told


@lru_cache(maxsize=512)
def _as_read(source: str) -> str:
    """A cell as Python reads it: an editor that sets it out anew has changed nothing."""
    try:
        return ast.dump(ast.parse(as_python(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source


def _read(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(as_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        yield from _imports(node)
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
        if name in REACHING:
            yield REACHING[name]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module's name in a text: what importlib, getattr and globals() are given.
            if _ready_made(node.value) or node.value.startswith(LESSONS):
                yield f"names {node.value[:60]!r} in a text"
            elif node.value in REACHING and node.value.startswith("_"):
                yield REACHING[node.value]
            elif node.value.startswith(WATCH):
                yield "reaches for what runs it"


def _imports(node: ast.AST) -> Iterator[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    for name in names:
        if name.startswith(WATCH):
            yield "reaches for what runs it"
        elif name.partition(".")[0] in MODULES:
            yield MODULES[name.partition(".")[0]]
        elif _ready_made(name) or name.startswith(LESSONS):
            yield f"imports {name[:60]}"


def _ready_made(name: str) -> str:
    """The library of READY_MADE that a module belongs to, or ""."""
    return next((r for r in READY_MADE if name == r or name.startswith(f"{r}.")), "")
