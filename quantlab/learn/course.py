"""Where the course lies on this machine: its root folder and the learner's notebooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


class CourseNotFoundError(FileNotFoundError):
    """No course folder, or no such lesson in it; the message is one sentence for the learner."""


@dataclass(frozen=True)
class LessonNotebook:
    """One lesson's notebook. `number` is None for a notebook such as `quick_test`."""

    name: str
    number: int | None
    path: Path


def course_root(*starts: Path) -> Path:
    """The folder that holds `notebooks/` and `pyproject.toml` or `course.py`.

    Looked for upwards from each of `starts`: the current folder, then this package, by default.
    Raises CourseNotFoundError where no way leads to one.
    """
    starts = starts or (Path.cwd(), Path(__file__).resolve().parent)
    for folder in (folder for start in starts for folder in (start, *start.parents)):
        marked = (folder / "pyproject.toml").is_file() or (folder / "course.py").is_file()
        if marked and (folder / "notebooks").is_dir():
            return folder
    raise CourseNotFoundError(
        f"No QuantLab course at {starts[0]} or above it: change into the folder that holds "
        "`notebooks` and run the command again."
    )


def lessons_in(folder: Path) -> tuple[LessonNotebook, ...]:
    """The lesson notebooks `NAME/NAME.ipynb` and `NN_NAME.ipynb` of one folder, by name."""
    found = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    for inner in sorted(folder.glob("*/*.ipynb")):
        if inner.stem == inner.parent.name:
            found.setdefault(inner.stem, inner)
    return tuple(
        LessonNotebook(name, lesson_number(name), path) for name, path in sorted(found.items())
    )


def lesson_number(name: str) -> int | None:
    """1 for "1", "01" and "01_scale_and_zero_point"; None where the name has no number."""
    match = re.fullmatch(r"(\d{1,2})(_.*)?", name)
    return int(match[1]) if match else None


def find_lesson(name: str) -> LessonNotebook:
    """The notebook of lesson "1", "01", "01_scale…" or "quick_test".

    The current folder comes first, so that a learner's own copy is found before the course's.
    Raises CourseNotFoundError with the lessons that there are.
    """
    for folder in (Path.cwd(), Path.cwd() / "notebooks"):
        if chosen := _choose(name, lessons_in(folder)):
            return chosen
    root = course_root()
    lessons = lessons_in(root / "notebooks")
    if chosen := _choose(name, lessons):
        return chosen
    there = ", ".join(lesson.name for lesson in lessons)
    raise CourseNotFoundError(
        f'There is no lesson "{name}" in {root / "notebooks"}: '
        + (f"it has {there}." if there else "it holds no notebook at all.")
    )


def _choose(name: str, lessons: tuple[LessonNotebook, ...]) -> LessonNotebook | None:
    exact = [lesson for lesson in lessons if lesson.name == name]
    bare = [lesson for lesson in lessons if name.isdigit() and lesson.number == int(name)]
    begins = [lesson for lesson in lessons if name and lesson.name.startswith(name)]
    if exact or bare:
        return (exact or bare)[0]
    return begins[0] if len(begins) == 1 else None
