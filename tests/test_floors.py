"""A room imports only from the rooms below it, and no files import each other in a circle.

Read from the source, nothing is run.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Room -> the rooms it may import from. A room that is not built yet costs nothing here.
FLOORS = {
    "quantlab.base": set(),
    "quantlab.numerics": {"quantlab.base"},
    "quantlab.methods": {"quantlab.base", "quantlab.numerics"},
    "quantlab.deploy": {"quantlab.base", "quantlab.numerics", "quantlab.methods"},
    "quantlab.analysis": {
        "quantlab.base",
        "quantlab.numerics",
        "quantlab.methods",
        "quantlab.deploy",
    },
    "quantlab.scenes": {"quantlab.base"},
    "quantlab.zoo": {
        "quantlab.base",
        "quantlab.numerics",
        "quantlab.methods",
        "quantlab.deploy",
        "quantlab.analysis",
        "quantlab.scenes",
    },
}
LIBRARY = set(FLOORS)
FLOORS["quantlab.teach"] = LIBRARY | {"quantlab"}
FLOORS["quantlab.lessons"] = LIBRARY | {"quantlab", "quantlab.teach"}
FLOORS["quantlab.learn"] = LIBRARY | {"quantlab", "quantlab.teach", "quantlab.lessons"}
# Only lazily: see test_import_is_light.
FLOORS["quantlab"] = set(FLOORS)

# The grader's rooms, and the files that lie beside them, each with those that it stands on: it may
# import them, what they stand on, and all of quantlab. One that names a room above it: a KeyError.
GRADER: dict[str, tuple[str, ...]] = {
    "programs": (),
    "course_folder": (),
    "intake": (),
    "running": (),
    "recording": ("course_folder", "intake"),
    "judging": ("recording", "running"),
    "batch": ("judging", "programs"),
    "publishing": ("recording",),
    "authoring": (),
    "nbgrader": ("authoring", "publishing", "running"),
    "samples": ("authoring",),
    "build": ("nbgrader", "programs", "samples"),
    "prepare": ("build",),
    "attacks": ("build", "judging"),
    "commands": ("attacks", "batch", "prepare"),
    "cli": ("commands",),
}
HOUSE = set(FLOORS)
for room, standing_on in GRADER.items():
    below = [FLOORS[f"autograder.{other}"] | {f"autograder.{other}"} for other in standing_on]
    FLOORS[f"autograder.{room}"] = HOUSE.union(*below)
FLOORS["autograder"] = set(FLOORS)  # only `__init__.py`; drawn as one room

# Tests, benchmarks and docs look at the rooms from outside: they may import all of them, and no
# room may import them.
OUTSIDE = ("tests", "benchmarks", "docs")


def room_of(module: str) -> str | None:
    """The room a dotted name lies in; None for other people's packages."""
    parts = module.split(".")
    if parts[0] not in ("quantlab", "autograder", *OUTSIDE):
        return None
    return ".".join(parts[:2]) if parts[0] in ("quantlab", "autograder") else parts[0]


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, root: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import in a file, also inside functions and relative ones."""
    found = []
    package = module_of(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            # `from quantlab import numerics` names a room; `from quantlab import quantize` a value.
            found += [
                (
                    node.lineno,
                    f"{base}.{alias.name}" if is_package(root, base, alias.name) else base,
                )
                for alias in node.names
            ]
    return found


def is_package(root: Path, base: str, name: str) -> bool:
    inside = root.joinpath(*base.split("."), name)
    return inside.is_dir() or inside.with_suffix(".py").is_file()


def violations(root: Path) -> list[str]:
    """One line for every import that goes up or sideways."""
    found = []
    for top in ("quantlab", "autograder"):
        for path in sorted((root / top).rglob("*.py")):
            room = room_of(module_of(path, root))
            if path.parent == root / "quantlab":
                room = "quantlab"  # __init__.py and anything that lies beside the rooms
            for line, module in imported_modules(path, root):
                other = room_of(module)
                if other in (None, room) or other in FLOORS.get(room or "", set()):
                    continue
                found.append(f"{path.relative_to(root)}:{line}: {room} imports {module}")
    return found


def circles(root: Path) -> list[list[str]]:
    """Modules that import each other, directly or through others, each circle in order.

    What stands in a function, or under `if TYPE_CHECKING`, counts: it says what a file knows.
    """
    paths = [p for top in ("quantlab", "autograder") for p in sorted((root / top).rglob("*.py"))]
    modules = {module_of(path, root): path for path in paths}
    imports = {
        name: dict.fromkeys(m for _, m in imported_modules(path, root) if m in modules)
        for name, path in modules.items()
    }
    found, done = [], set()

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append(way[way.index(name) :])
        elif name not in done:
            for other in imports[name]:
                walk(other, [*way, name])
            done.add(name)

    for name in modules:
        walk(name, [])
    return found


def test_imports_go_downwards_only():
    assert violations(ROOT) == []


def test_no_files_import_each_other_in_a_circle():
    assert circles(ROOT) == []


def test_every_room_has_its_floor():
    rooms = {f"quantlab.{p.parent.name}" for p in (ROOT / "quantlab").glob("*/__init__.py")}
    files = [*(ROOT / "autograder").glob("*.py"), *(ROOT / "autograder").glob("*/__init__.py")]
    rooms |= {module_of(path, ROOT) for path in files}
    assert rooms <= set(FLOORS), "say in FLOORS what the new room may import"


def test_what_runs_beside_a_submission_knows_no_lesson():
    """The sandbox has none; what starts it must not be tempted to tell it one."""
    for path in sorted((ROOT / "autograder" / "running").rglob("*.py")):
        rooms = {room_of(module) for _, module in imported_modules(path, ROOT)}
        assert "quantlab.lessons" not in rooms, path


def test_tests_share_by_support_and_benchmarks_are_imported_to_be_tested():
    """README quotes benchmarks, so its test renders their tables again."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tests_a_benchmark = path.parent.name == "benchmarks" or path.name == "test_readme.py"
        tops = {module.split(".")[0] for _, module in imported_modules(path, ROOT)}
        assert tests_a_benchmark or "benchmarks" not in tops, path
    for path in sorted((ROOT / "benchmarks").rglob("*.py")):
        shared = {m for _, m in imported_modules(path, ROOT) if m.split(".")[0] == "tests"}
        assert all(module.startswith("tests.support.") for module in shared), path


def test_numerics_stands_on_numpy_alone():
    """onnx_tensors.py reads .onnx files and is imported only when such a file is measured."""
    for path in sorted((ROOT / "quantlab" / "numerics").rglob("*.py")):
        tops = {module.split(".")[0] for _, module in imported_modules(path, ROOT)}
        extra = {"onnx", "google"} if path.name == "onnx_tensors.py" else set()
        assert tops <= {"numpy", "quantlab", *extra, *sys.stdlib_module_names}, path.name


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("quantlab/numerics/a.py", "from quantlab.methods import fold"),
        ("quantlab/numerics/a.py", "from ..methods.fold import fold"),
        ("quantlab/numerics/a.py", "def f():\n    import quantlab.teach.judging.judge"),
        ("quantlab/scenes/a.py", "from quantlab import numerics"),
        ("quantlab/methods/deep/a.py", "from quantlab import quantize"),
        ("quantlab/learn/a.py", "import autograder"),
        ("quantlab/learn/a.py", "from benchmarks import grids"),
        ("autograder/a.py", "import tests.conftest"),
        ("autograder/programs.py", "from autograder.course_folder import CourseError"),
        ("autograder/course_folder.py", "def f():\n    from autograder.build import build_course"),
        ("autograder/running/a.py", "from autograder.judging.cells import to_run"),
        ("autograder/running/student_side/a.py", "from ...batch import task"),
        ("autograder/intake/a.py", "from autograder.recording import gradebook"),
        ("autograder/recording/a.py", "from autograder.publishing.cards import student_card"),
        ("autograder/judging/a.py", "from autograder.batch.task import Task"),
        ("autograder/batch/a.py", "from autograder.attacks.self_test import require"),
        ("autograder/commands/a.py", "from autograder.cli import main"),
        ("autograder/commands/a.py", "from autograder.later import more"),
        ("quantlab/__init__.py", "import autograder"),
        ("quantlab/base/a.py", "from quantlab.numerics import quantize"),
    ],
)
def test_an_import_upwards_is_found(tmp_path, file, text):
    for room in ("numerics", "methods", "scenes", "zoo", "learn"):
        (tmp_path / "quantlab" / room).mkdir(parents=True)
    (tmp_path / "autograder" / "batch").mkdir(parents=True)
    (tmp_path / "autograder" / "recording").mkdir(parents=True)
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("quantlab/methods/a.py", "from quantlab.numerics import quantize\nimport torch"),
        ("quantlab/methods/a.py", "from . import b\nfrom .b import c"),
        ("quantlab/learn/a.py", "from quantlab import quantize, __version__"),
        (
            "autograder/commands/a.py",
            "from quantlab.learn.course import course_root\nfrom quantlab import zoo",
        ),
        (
            "autograder/batch/a.py",
            "from autograder.batch import task\nfrom autograder.judging.grade_one import grade_one",
        ),
    ],
)
def test_an_import_downwards_is_not(tmp_path, file, text):
    for room in ("numerics", "methods", "zoo", "learn"):
        (tmp_path / "quantlab" / room).mkdir(parents=True)
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert violations(tmp_path) == []


def planted(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "quantlab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        (
            {
                "base/a.py": "from quantlab.base.b import x",
                "base/b.py": "def f():\n    from quantlab.base.a import y",
            },
            {"quantlab.base.a", "quantlab.base.b"},
        ),
        (
            {
                "base/a.py": "from . import b",
                "base/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
                "    from quantlab.base import c",
                "base/c.py": "import quantlab.base.a",
                "base/d.py": "from quantlab.base.a import x",
            },
            {"quantlab.base.a", "quantlab.base.b", "quantlab.base.c"},
        ),
        (
            {
                "base/__init__.py": "from quantlab.base.a import x",
                "base/a.py": "from quantlab.base import y",
            },
            {"quantlab.base", "quantlab.base.a"},
        ),
    ],
)
def test_a_circle_is_found_whole(tmp_path, files, circle):
    (found,) = circles(planted(tmp_path, files))
    assert set(found) == circle


def test_what_is_imported_twice_is_no_circle(tmp_path):
    files = {
        "base/a.py": "from quantlab.base import b, c",
        "base/b.py": "from quantlab.base import c",
        "base/c.py": "",
    }
    assert circles(planted(tmp_path, files)) == []
