"""`autograder build`: lesson sources -> instructor notebooks -> nbgrader -> `notebooks/`.

autograder build            writes notebooks/, the samples, and the text that `ask` searches
autograder build --check    writes nothing; exits 1 and shows the difference if they are stale
autograder build --course   fills a course folder of nbgrader's: source/, release/ and the gradebook
"""

from __future__ import annotations

import argparse
import difflib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from autograder.authoring.course_text import COURSE_TEXT
from autograder.authoring.instructor import lesson_sources
from autograder.build import PLACES, BuildError, build_course, build_student_files
from autograder.course_folder import open_course
from autograder.nbgrader.config import write_config_file

EPILOG = """exit codes: 0 built, or up to date · 1 out of date (--check) · 2 a source is faulty

examples:
  autograder build --check
  autograder build --course course --lesson 01_scale_and_zero_point
"""

LONGEST_DIFFERENCE = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and show what is out of date"
    )
    what.add_argument(
        "--course",
        type=Path,
        metavar="DIR",
        help="fill this course folder of nbgrader's",
    )
    parser.add_argument(
        "--lesson", action="append", metavar="NAME", help="only this lesson (repeatable; --course)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    from quantlab.learn.course import course_root

    root = course_root()
    try:
        if args.lesson and not args.course:
            raise ValueError("--lesson goes with --course; notebooks/ is built as a whole.")
        if args.course:
            return _fill(root, args)
        with tempfile.TemporaryDirectory(prefix="quantlab-build-") as folder:
            built = Path(folder)
            build_student_files(root, built)
            stale = _stale(root, built)
            if not args.check:
                _replace(root, built)
    except (BuildError, ValueError, FileNotFoundError) as said:
        print(f"autograder build: {said}", file=sys.stderr)
        return 2
    lessons = len(lesson_sources(root))
    if args.json:
        told = {"lessons": lessons, "out_of_date": list(stale), "written": not args.check}
        print(json.dumps(told, indent=1))
    elif args.check:
        _show(stale)
    else:
        print(f"Built {lessons} lessons into {root / 'notebooks'}.")
    return 1 if args.check and stale else 0


def _fill(root: Path, args: argparse.Namespace) -> int:
    known = [path.stem for path in lesson_sources(root)]
    if strange := sorted(set(args.lesson or ()) - set(known)):
        raise ValueError(f"There is no lesson {strange[0]}; expected is one of {', '.join(known)}.")
    args.course.mkdir(parents=True, exist_ok=True)
    course = open_course(None, args.course, None)
    write_config_file(course.folder)
    names = build_course(root, course.folder, only=args.lesson)
    if args.json:
        print(json.dumps({"course": str(course.folder), "lessons": names}, indent=1))
        return 0
    print(f"Built into {course.folder}: {', '.join(names)}.")
    return 0


def _stale(root: Path, built: Path) -> dict[str, list[str]]:
    """By place in the project: how what is committed differs from what its source gives."""
    stale = {}
    for name, place in PLACES.items():
        fresh, committed = _files(built / name), _files(root / place)
        for file in sorted(fresh.keys() | committed.keys()):
            old, new = committed.get(file, b""), fresh.get(file, b"")
            if old != new:
                where = (place / file).as_posix()
                stale[where] = _difference(where, old, new)
    return stale


def _difference(where: str, old: bytes, new: bytes) -> list[str]:
    rows = difflib.unified_diff(
        old.decode(errors="replace").splitlines(),
        new.decode(errors="replace").splitlines(),
        f"{where} (committed)",
        f"{where} (built from the source)",
        lineterm="",
        n=1,
    )
    return list(rows)[:LONGEST_DIFFERENCE]


def _show(stale: dict[str, list[str]]) -> None:
    for rows in stale.values():
        print("\n".join(rows))
    if stale:
        print(
            f"{len(stale)} generated files are out of date. Run `autograder build` and commit them."
        )
    else:
        print("The generated notebooks, samples and text are up to date.")


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
