"""The slim wheel: what the lessons in the browser run with, without torch, ONNX or weights.

The package's folder is the course's folder there: it has the marks by which
`quantlab.learn.course` finds one, and the answers of these lessons, which `solution()` opens as it
does at home.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from docs.lite.pins import Pins
from docs.lite.wheels import Wheel, pack
from quantlab.learn.reference import answers_in

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("base", "numerics", "teach", "learn")
#: Parts of these rooms that need the installed course, or that only `autograder build` reads.
WITHOUT = ("learn/jupyterlab", "teach/plans", "learn/asking/asked_as")
SUFFIXES = (".py", ".yaml", ".json")
COURSE_TEXT = "learn/asking/course_text.json"
#: What Pyodide brings, and what is packed from the installed packages.
FROM_PYODIDE = ("matplotlib", "numpy", "pillow")
PACKED = ("ipywidgets", "platformdirs", "pyyaml", "rich", "snowballstemmer")


def pack_course(folder: Path, pins: Pins, lessons: Collection[str], packed: list[Wheel]) -> Wheel:
    """The wheel of the course for these lessons, in `folder`."""
    files = {f"quantlab/{name}": content for name, content in course_files(lessons)}
    number = re.search(r'__version__ = "(.+)"', files["quantlab/__init__.py"].decode())
    assert number is not None, "quantlab/__init__.py says its version"
    versions = {name: pins.packages[name]["version"] for name in FROM_PYODIDE}
    versions |= {wheel.name: wheel.version for wheel in packed if wheel.name in PACKED}
    requires = [f"Requires-Dist: {name}=={at}" for name, at in sorted(versions.items())]
    metadata = ["Metadata-Version: 2.4", "Name: quantlab", f"Version: {number[1]}", *requires, ""]
    return pack(folder, "quantlab", number[1], files, sorted(versions), "\n".join(metadata))


def course_files(lessons: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(path below the package, content) of every file of the slim wheel."""
    package = ROOT / "quantlab"
    for file in [package / "__init__.py", *sorted(package.glob("lessons/*.py"))]:
        yield file.relative_to(package).as_posix(), file.read_bytes()
    folders = [package / room for room in ROOMS]
    folders += [package / "lessons" / room_of(name) for name in lessons]
    for file in (file for folder in folders for file in sorted(folder.rglob("*"))):
        name = file.relative_to(package).as_posix()
        if file.suffix not in SUFFIXES or name.startswith(WITHOUT) or "__pycache__" in file.parts:
            continue
        yield name, text_of(lessons) if name == COURSE_TEXT else file.read_bytes()
    yield "pyproject.toml", b"# Here the course's folder is the package's.\n"
    for name in lessons:
        yield f"notebooks/{name}/README.md", b"The notebook is in the file list on the left.\n"
        source = ROOT / "solutions" / name / f"{name}.py"
        if source.is_file():
            answers = json.dumps(answers_in(source), ensure_ascii=False)
            yield f"solutions/{name}/{name}.json", answers.encode()


def room_of(name: str) -> str:
    """ "lesson_01" for "01_scale_and_zero_point"; a name without a number is its room's."""
    return f"lesson_{name[:2]}" if name[:2].isdigit() else name


def text_of(lessons: Collection[str]) -> bytes:
    """What `ask` searches, of the lessons that are there: no link leads to one that is not."""
    whole = json.loads((ROOT / "quantlab" / COURSE_TEXT).read_text(encoding="utf-8"))
    pages = [page for page in whole["pages"] if page["notebook"] in lessons]
    return json.dumps({**whole, "pages": pages}, ensure_ascii=False).encode()
