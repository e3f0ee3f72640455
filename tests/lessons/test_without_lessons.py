"""A grader runs answers where `quantlab.lessons` cannot be imported: nothing there may need it."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.instructor import lesson_sources
from quantlab.lessons.catalogue import find, of_lesson
from quantlab.teach.source import read_lesson, without_markers

ROOT = Path(__file__).parents[2]
LESSONS = [path for path in lesson_sources(ROOT) if path.stem[:2].isdigit()]

#: Reads cells from stdin and runs them as a kernel would; prints the names that stand at the end.
RUN = """
import json, sys
sys.modules["quantlab.lessons"] = None  # importing it is a ModuleNotFoundError from now on
names = {"__name__": "__main__"}
for cell in json.load(sys.stdin):
    exec(compile(cell, "cell", "exec"), names)
print(json.dumps(sorted(names)))
"""


def released_cells(path: Path) -> list[str]:
    """The released notebook's code without demonstrations and checks, every gap filled in."""
    solved = {
        f"{c.tag.kind}-{c.tag.id.replace('.', '-')}": without_markers(c.source)
        for c in read_lesson(path)
        if c.tag and c.tag.kind in ("exercise", "written")
    }
    notebook = nbformat.read(ROOT / "notebooks" / path.stem / f"{path.stem}.ipynb", as_version=4)
    cells = []
    for cell in notebook.cells:
        kept = cell.cell_type == "code" and "demo" not in cell.metadata.get("tags", ())
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if kept and not grade_id.startswith("check-"):
            cells.append(solved.get(grade_id, cell.source))
    return cells


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_answer_cells_run_without_the_lessons(path, tmp_path):
    cells = released_cells(path)
    run = [sys.executable, "-c", RUN]
    done = subprocess.run(
        run, input=json.dumps(cells), capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    wanted = {name for e in of_lesson(int(path.stem[:2])) for name in e.answers}
    assert wanted <= set(json.loads(done.stdout.splitlines()[-1]))


def test_a_verb_says_where_answers_are_checked():
    code = (
        "import sys\nsys.modules['quantlab.lessons'] = None\n"
        "from quantlab.learn import check, hint, quiz, solution\n"
        "for verb in (check, hint, solution):\n    print(verb('1.2'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = "Answers run here without the lessons: they are checked elsewhere."
    assert done.stdout.count(said) == len(("check", "hint", "solution"))


def test_an_answer_cell_that_needs_a_lesson_is_found():
    cells = ["from quantlab.lessons.lesson_01 import rulers"]
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(cells), capture_output=True, text=True
    )
    assert done.returncode != 0
    assert find("1.1").answer  # here they can be imported
