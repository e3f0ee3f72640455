"""A course with one tiny lesson, built once by nbgrader, and hands to submit to it."""

import copy
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

import quantlab.lessons
from autograder.authoring.instructor import KERNEL, write_notebook
from autograder.batch.grade_all import Options, grade_all, submissions_of
from autograder.commands.grade import into_gradebook
from autograder.course_folder import open_course
from autograder.prepare import prepare
from autograder.running.settings import Settings
from tests.support.inline import Inline

LESSON = "97_tiny"

# Two functions, a text. Graders find the room by a line that runs when their Python starts.
EXERCISES = """
from quantlab.teach.judging.exercise import Band, exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("97.1", "Double", points=3, difficulty=1, importance=1, minutes=1)
class Double:
    answer = "double"
    hints = ("a", "b", "c")
    within = exact()

    def cases(rng):
        numbers = [(int(n),) for n in rng.integers(3, 10**6, 5)]
        return [
            group("zero", 1, "Zero stays zero.", [(0,)]),
            group("numbers", 2, "Twice the number.", numbers),
        ]

    def oracle(x):
        return 2 * x

    @misconception("Is the square of three twice three?")
    def squares(x):
        return x * x


@exercise("97.2", "Negate", points=2, difficulty=1, importance=1, minutes=1)
class Negate:
    answer = "negate"
    hints = ("a", "b", "c")
    within = exact()

    def cases(rng):
        return [group("all", 2, "The sign changes.", [(3,), (-4,)])]

    def oracle(x):
        if x == "fault of ours":
            raise RuntimeError
        return -x

    @misconception("Which sign has minus four?")
    def keeps(x):
        return x


@exercise("97.3", "Why", points=2, difficulty=1, importance=1, minutes=1)
class Why:
    answer = "why"
    hints = ("a", "b", "c")
    rubric = (Band(2, "Says why.", "Because."), Band(0, "Does not.", "No."))
"""

ANSWERS = {
    "97.1": "def double(x):\n    return 2 * x",
    "97.2": "def negate(x):\n    return -x",
    "97.3": 'why = """\n\n"""',
}


def _meta(kind, id, points=None):
    return {
        "nbgrader": {
            "cell_type": "code",
            "grade": points is not None,
            "grade_id": f"{kind}-{id.replace('.', '-')}",
            "locked": kind == "check",
            "schema_version": 3,
            "solution": kind != "check",
            "task": False,
            **({} if points is None else {"points": points}),
        }
    }


def _instructor_notebook():
    new = nbformat.v4.new_code_cell
    cells = [
        nbformat.v4.new_markdown_cell("# Tiny", id="title"),
        new("from quantlab.learn import check", id="setup"),
    ]
    for id, points in (("97.1", 3.0), ("97.2", 2.0)):
        name, _, body = ANSWERS[id].partition("\n")
        tag = id.replace(".", "-")
        gap = f"{name}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
        cells.append(new(gap, id=f"exercise-{tag}", metadata=_meta("exercise", id)))
        check = _meta("check", id, points)
        cells.append(new(f'check("{id}")', id=f"check-{tag}", metadata=check))
    text = '### BEGIN SOLUTION\nwhy = """\nBecause.\n"""\n### END SOLUTION'
    cells.append(new(text, id="written-97-3", metadata=_meta("written", "97.3", 2.0)))
    cells.append(nbformat.v4.new_markdown_cell("The end.", id="end"))
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


@pytest.fixture(scope="session")
def tiny_room(tmp_path_factory):
    """The tiny lesson's exercises, and a folder whose sitecustomize.py finds them."""
    rooms, start = tmp_path_factory.mktemp("lessons"), tmp_path_factory.mktemp("start")
    for package in ("lesson_97", "lesson_97/exercises"):
        (rooms / package).mkdir()
        (rooms / package / "__init__.py").touch()
    (rooms / "lesson_97" / "exercises" / "tiny.py").write_text(EXERCISES)
    lines = ("import quantlab.lessons", f"quantlab.lessons.__path__.append({str(rooms)!r})")
    (start / "sitecustomize.py").write_text("\n".join(lines))
    return rooms, start


@contextmanager
def found(tiny_room):
    """Let this process find the tiny lesson, and every Python that it starts; then no longer."""
    rooms, start = map(str, tiny_room)
    before = os.environ.get("PYTHONPATH")
    quantlab.lessons.__path__.append(rooms)
    os.environ["PYTHONPATH"] = os.pathsep.join([start, *([before] if before else [])])
    try:
        yield
    finally:
        quantlab.lessons.__path__.remove(rooms)
        del os.environ["PYTHONPATH"]
        os.environ.update({} if before is None else {"PYTHONPATH": before})


@pytest.fixture(scope="module")
def room(tiny_room):
    """The tiny lesson is one of the course while the tests of a module run, and no longer: other
    tests count the course's lessons."""
    with found(tiny_room):
        yield


@pytest.fixture(scope="session")
def built_course(tiny_room, tmp_path_factory):
    """source/, release/ and gradebook.db of the tiny lesson; tests work on copies."""
    folder = tmp_path_factory.mktemp("course")
    write_notebook(_instructor_notebook(), folder / "source" / LESSON / f"{LESSON}.ipynb")
    (folder / "submitted").mkdir()
    with found(tiny_room):
        prepare(open_course(folder / "submitted", None, None), {LESSON})
    return folder


class Class:
    """One copy of the course, with hands to submit and the options to grade."""

    lesson = LESSON
    answers = ANSWERS
    options = Options(Settings(seed=7_777_777, cell_seconds=30, submission_seconds=120))

    def __init__(self, folder: Path):
        self.folder = folder
        self.course = open_course(folder / "submitted", None, None)

    def released(self):
        path = self.course.release_path(LESSON)
        return nbformat.read(path, as_version=4)

    def answered(self, **answers):
        """The released notebook with `a1`, `a2`, `a3` as sources of the three answers."""
        notebook = copy.deepcopy(self.released())
        for cell in notebook.cells:
            key = f"a{cell.id[-1]}"
            if cell.id.startswith(("exercise", "written")) and key in answers:
                cell.source = answers[key]
        return notebook

    def right(self):
        return self.answered(a1=ANSWERS["97.1"], a2=ANSWERS["97.2"])

    def path(self, student):
        return self.folder / "submitted" / student / LESSON / f"{LESSON}.ipynb"

    def cell(self, notebook, id):
        return next(cell for cell in notebook.cells if cell.id == id)

    def grade(self, students=lambda name: True, **changes):
        """Grade everything, or the students a function chooses; the records by student."""
        found = tuple(f for f in submissions_of(self.course, None) if students(f.student))
        force = changes.pop("force", False)
        options = Options(replace(self.options.settings, **changes), force)
        with into_gradebook(self.course) as keeper:
            done = list(grade_all(self.course, found, options, Inline(), keeper))
        return {graded.record.student: graded for graded in done}

    def submit(self, student, content):
        """Write a notebook, a text or bytes as this student's submission; returns its path."""
        path = self.path(student)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        return path


@pytest.fixture
def a_class(built_course, room, tmp_path):
    folder = tmp_path / "course"
    shutil.copytree(built_course, folder)
    return Class(folder)


@pytest.fixture(scope="module")
def module_class(built_course, room, tmp_path_factory):
    """A class that a whole module shares."""
    folder = tmp_path_factory.mktemp("module") / "course"
    shutil.copytree(built_course, folder)
    return Class(folder)
