"""`autograder build`: lesson sources -> instructor notebooks -> nbgrader -> `notebooks/`.

autograder build            writes notebooks/ and the sample submissions
autograder build --check    writes nothing; exits 1 and shows the difference if they are stale
"""

from __future__ import annotations

import argparse
import difflib
import logging
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI

from autograder.instructor import instructor_notebook, lesson_sources, write_notebook
from autograder.nbgrader_config import course_config
from autograder.programs import put_own_programs_on_path

EPILOG = """exit codes: 0 built, or up to date · 1 out of date (--check) · 2 a source is faulty

example:
  autograder build --check
"""


class BuildError(Exception):
    """A lesson source that cannot be built; the message is one sentence for its author."""


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


def build_student_files(root: Path, out: Path) -> None:
    """Everything that is generated and committed: out/notebooks and out/samples."""
    from autograder.samples import write_samples

    release_notebooks(root, out)
    write_samples(root, out / "samples", out / "notebooks")


def release_notebooks(root: Path, out: Path) -> None:
    """The student copies of the lessons under root/solutions: out/notebooks/NAME/NAME.ipynb."""
    with tempfile.TemporaryDirectory(prefix="quantlab-course-") as folder:
        course = Path(folder)
        build_course(root, course)
        for path in sorted((course / "release").glob("*/*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            write_notebook(notebook, out / "notebooks" / path.parent.name / path.name)


def build_course(
    root: Path, course: Path, db_url: str | None = None, only: Collection[str] | None = None
) -> tuple[str, ...]:
    """An nbgrader course folder: source/ with solutions, release/ by generate_assignment.

    root     the project, with `solutions/`.
    course   the folder to fill; `db_url` its gradebook, by default course/gradebook.db.
    only     the lessons to build, by name; all without it.

    Returns the lessons' names. Raises BuildError with nbgrader's reason where it refuses one.
    """
    put_own_programs_on_path()
    names = []
    for path in lesson_sources(root):
        name = path.stem
        if only is not None and name not in only:
            continue
        write_notebook(instructor_notebook(path), course / "source" / name / f"{name}.ipynb")
        names.append(name)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    api = NbGraderAPI(config=course_config(course, db_url))
    for name in names:
        done = api.generate_assignment(name, force=True, create=True)
        if not done["success"]:
            raise BuildError(f"{name}: nbgrader refused the notebook.\n{done.get('log', '')}")
    return tuple(names)


#: What is generated, and where it stands in the project.
PLACES = {"notebooks": Path("notebooks"), "samples": Path("autograder/samples")}


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
    print("The generated notebooks and samples are up to date.")
    return 0


def _files(folder: Path) -> dict[str, bytes]:
    """Generated files by relative name; what a working copy adds (checkpoints, answers) is not."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }


def _replace(root: Path, built: Path) -> None:
    for name, place in PLACES.items():
        for file in _files(root / place).keys() - _files(built / name).keys():
            (root / place / file).unlink()
        shutil.copytree(built / name, root / place, dirs_exist_ok=True)
