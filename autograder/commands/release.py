"""`autograder release`: the zip that students receive.

Built afresh from the lesson sources, so that nobody's own work in `notebooks/` slips in. A graded
release leaves out what answers a question: `solutions/`, the oracles, option keys and model answers
of the exercises, and the key and feedback of every quiz. A check in it says what can be said
without them; the points are given where the answers are handed in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from autograder.authoring.keyless import keyless_module
from autograder.build import BuildError, build_student_files
from quantlab.lessons.catalogue import lessons
from quantlab.teach.quiz import without_key

EPILOG = """\
A graded release holds no solutions, no oracle, no option key, no model answer and no quiz key.

exit codes: 0 written · 2 it cannot be written, or a lesson source is faulty

example:
  autograder release --graded --out quantlab-spring.zip
"""

TOP = "quantlab-course"
FILES = (
    "LICENSE",
    "README.md",
    "course.py",
    "course_setup.py",
    "environment.yml",
    "pyproject.toml",
)
#: A fixed moment in every entry: the same course gives the same bytes.
MOMENT = (2026, 1, 1, 0, 0, 0)
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--graded", action="store_true", help="leave out solutions and quiz keys")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.zip", help="where to write"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    from quantlab.learn.course import course_root

    try:
        entries = release(course_root(), args.out, graded=args.graded)
    except (BuildError, ValueError, OSError) as said:
        print(f"autograder release: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(as_data(args.out, entries, graded=args.graded), indent=1))
        return 0
    kind = (
        "graded release, without solutions and quiz keys" if args.graded else "self-study release"
    )
    print(f"{args.out}: {entries} files, {args.out.stat().st_size / 1e6:.2f} MB, {kind}.")
    return 0


def as_data(out: Path, entries: int, *, graded: bool) -> dict[str, Any]:
    """The zip as plain data: where it is, how large, and the sha256 that names its content."""
    return {
        "path": str(out),
        "graded": graded,
        "files": entries,
        "bytes": out.stat().st_size,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }


def release(root: Path, out: Path, *, graded: bool) -> int:
    """Write the zip for the course at `root`; returns the number of files in it.

    The file appears under its name only when it is whole. OSError where it cannot be written.
    """
    if not out.parent.is_dir():
        raise OSError(
            f"There is no folder {out.parent}; make it, or name another place with --out."
        )
    with tempfile.TemporaryDirectory(prefix="quantlab-release-") as folder:
        built = Path(folder)
        build_student_files(root, built)
        return write_zip(root, built, out, graded=graded)


def write_zip(root: Path, built: Path, out: Path, *, graded: bool) -> int:
    """The zip of the course at `root` with the student files in `built`; see `release`."""
    contents = dict(_contents(root, built, graded))
    half = out.with_name(out.name + ".part")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, contents[name])
    half.replace(out)
    return len(contents)


def _contents(root: Path, built: Path, graded: bool) -> Iterator[tuple[str, bytes]]:
    for name in FILES:
        content = (root / name).read_bytes()
        yield name, _without_autograder(content) if name == "pyproject.toml" else content
    folders = {"notebooks": built / "notebooks", "quantlab": root / "quantlab"}
    if graded:
        yield from _keyless_exercises()
    else:
        folders["solutions"] = root / "solutions"
    for name, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not LEFT_OUT.intersection(path.parts):
                content = path.read_bytes()
                if graded and name == "quantlab" and path.parent.name == "exercises":
                    continue
                if graded and path.name == "quiz.yaml":
                    content = _keyless(content)
                yield f"{name}/{path.relative_to(folder).as_posix()}", content


def _keyless_exercises() -> Iterator[tuple[str, bytes]]:
    """The exercises of every lesson without oracles, keys, wrong answers and model answers."""
    for lesson in lessons():
        if lesson.exercises:
            room = f"quantlab/lessons/{lesson.folder.name}/exercises"
            yield f"{room}/__init__.py", b""
            yield f"{room}/asked.py", keyless_module(lesson.exercises).encode()


def _without_autograder(pyproject: bytes) -> bytes:
    """A student's copy has no such package, so it must not get a command of that name."""
    rows = pyproject.decode().splitlines(keepends=True)
    return "".join(row for row in rows if not row.startswith("autograder =")).encode()


def _keyless(content: bytes) -> bytes:
    """A quiz without its key. Dumped anew: a comment of the author may hold an answer too."""
    quiz = without_key(yaml.safe_load(content))
    return yaml.safe_dump(quiz, allow_unicode=True, sort_keys=False).encode()
