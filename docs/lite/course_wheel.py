"""The slim wheel: what the lessons in the browser run with, without torch, ONNX or weights.

The package's folder is the course's folder there: it has the marks by which
`quantlab.learn.course` finds one, and the answers of these lessons, which `solution()` opens as it
does at home.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from docs.lite.course_modules import ROOT, course_modules, left_out, reached
from docs.lite.pins import Pins, normal, read_pins
from docs.lite.wheels import Wheel, pack
from quantlab.learn.asking.words import forms
from quantlab.learn.reference import answers_in

DATA = (".yaml", ".json")
COURSE_TEXT = "learn/asking/course_text.json"
#: Read where the course is built, and by nobody later.
WITHOUT = ("learn/asking/asked_as.yaml",)
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
    found = reached(lessons, packages_there())
    for module in sorted(found):
        file = course_modules()[module]
        yield file.relative_to(package).as_posix(), file.read_bytes()
        if file.name != "__init__.py":
            continue
        for data in sorted(f for f in file.parent.iterdir() if f.suffix in DATA):
            name = data.relative_to(package).as_posix()
            if name not in WITHOUT:
                yield name, text_of(lessons) if name == COURSE_TEXT else data.read_bytes()
    yield "base/left_out.txt", "\n".join(left_out(found)).encode()
    yield "pyproject.toml", b"# Here the course's folder is the package's.\n"
    for name in lessons:
        yield f"notebooks/{name}/README.md", b"The notebook is in the file list on the left.\n"
        source = ROOT / "solutions" / name / f"{name}.py"
        if source.is_file():
            answers = json.dumps(answers_in(source), ensure_ascii=False)
            yield f"solutions/{name}/{name}.json", answers.encode()


def packages_there() -> set[str]:
    """The top-level names that a tab has: Python's own, Pyodide's, and the packed packages'."""
    names = {*read_pins().packages, *PACKED}
    installed = packages_distributions().items()
    found = {top for top, owners in installed if names & {normal(owner) for owner in owners}}
    return found | sys.stdlib_module_names


def text_of(lessons: Collection[str]) -> bytes:
    """What `ask` searches, of the lessons that are there: no link leads to one that is not."""
    whole = json.loads((ROOT / "quantlab" / COURSE_TEXT).read_text(encoding="utf-8"))
    pages = [page for page in whole["pages"] if page["notebook"] in lessons]
    said = {whole["stems"].get(form) for form in forms(json.dumps(pages, ensure_ascii=False))}
    stems = {form: stem for form, stem in whole["stems"].items() if stem in said}
    return json.dumps({**whole, "pages": pages, "stems": stems}, ensure_ascii=False).encode()
