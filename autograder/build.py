"""From lesson sources to instructor notebooks, through nbgrader, to what students receive."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI

from autograder.authoring.instructor import instructor_notebook, lesson_sources, write_notebook
from autograder.nbgrader.config import course_config
from autograder.programs import put_own_programs_on_path

#: What is generated, and where it stands in the project.
PLACES = {
    "notebooks": Path("notebooks"),
    "samples": Path("autograder/samples"),
    "asking": Path("quantlab/learn/asking"),
}


class BuildError(Exception):
    """A lesson source that cannot be built; the message is one sentence for its author."""


def build_student_files(root: Path, out: Path) -> None:
    """Everything that is generated and committed: notebooks, samples, and the text for `ask`."""
    from autograder.authoring.course_text import COURSE_TEXT, write_course_text
    from autograder.samples import write_samples

    release_notebooks(root, out)
    write_samples(root, out / "samples", out / "notebooks")
    write_course_text(out / "notebooks", out / "asking" / COURSE_TEXT)


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
