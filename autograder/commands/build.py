"""`autograder build`: lesson sources -> instructor notebooks -> nbgrader -> `notebooks/`.

autograder build            writes notebooks/, the samples, and the text that `ask` searches
autograder build --check    writes nothing; exits 1 and shows the difference if they are stale
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import tempfile
from pathlib import Path

from autograder.authoring.course_text import COURSE_TEXT
from autograder.authoring.instructor import lesson_sources
from autograder.build import PLACES, BuildError, build_student_files

EPILOG = """exit codes: 0 built, or up to date · 1 out of date (--check) · 2 a source is faulty

example:
  autograder build --check
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and show what is out of date"
    )


def run(args: argparse.Namespace) -> int:
    from quantlab.learn.course import course_root

    root = course_root()
    try:
        with tempfile.TemporaryDirectory(prefix="quantlab-build-") as folder:
            built = Path(folder)
            build_student_files(root, built)
            if args.check:
                return _show_difference(root, built)
            _replace(root, built)
    except (BuildError, ValueError, FileNotFoundError) as said:
        print(f"autograder build: {said}", file=sys.stderr)
        return 2
    print(f"Built {len(lesson_sources(root))} lessons into {root / 'notebooks'}.")
    return 0


def _show_difference(root: Path, built: Path) -> int:
    stale = 0
    for name, place in PLACES.items():
        fresh, committed = _files(built / name), _files(root / place)
        for file in sorted(fresh.keys() | committed.keys()):
            old, new = committed.get(file, b""), fresh.get(file, b"")
            if old == new:
                continue
            stale += 1
            rows = difflib.unified_diff(
                old.decode(errors="replace").splitlines(),
                new.decode(errors="replace").splitlines(),
                f"{place / file} (committed)",
                f"{place / file} (built from the source)",
                lineterm="",
                n=1,
            )
            print("\n".join(list(rows)[:40]))
    if stale:
        print(f"{stale} generated files are out of date. Run `autograder build` and commit them.")
        return 1
    print("The generated notebooks, samples and text are up to date.")
    return 0


def _files(folder: Path) -> dict[str, bytes]:
    """Generated files by relative name; what a working copy adds (checkpoints, answers) is not."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if (path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts)
        or path.name == COURSE_TEXT
    }


def _replace(root: Path, built: Path) -> None:
    for name, place in PLACES.items():
        for file in _files(root / place).keys() - _files(built / name).keys():
            (root / place / file).unlink()
        shutil.copytree(built / name, root / place, dirs_exist_ok=True)
