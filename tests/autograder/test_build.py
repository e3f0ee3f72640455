"""Lesson source in, student notebook out: nbgrader's own metadata, the same bytes every time."""

import argparse
import json
import shutil

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder.authoring.course_text import sections
from autograder.authoring.instructor import instructor_notebook, lesson_sources
from autograder.build import BuildError, build_course
from autograder.cli import main
from autograder.commands import build as build_command
from quantlab.lessons.catalogue import of_lesson

EXERCISE = next(e for e in of_lesson(1) if e.kind == "function")
WRITTEN = next(e for e in of_lesson(1) if e.kind == "written")

LESSON = f'''# %% facts
half = 0.5
# %% [markdown] spine="promise"
# # Tiny
# Half is {{{{half}}}}.
# %%
from quantlab.learn import check
# %% box {EXERCISE.id} [markdown]
# Write it.
# %% exercise {EXERCISE.id}
def {EXERCISE.answer}(*args):
    """Doc."""
    ### BEGIN SOLUTION
    return "secret"
    ### END SOLUTION
# %% check {EXERCISE.id} points={EXERCISE.points}
check("{EXERCISE.id}")
# %% written {WRITTEN.id} points={WRITTEN.points}
### BEGIN SOLUTION
{WRITTEN.answer} = """
because
"""
### END SOLUTION
# %% check {WRITTEN.id}
check("{WRITTEN.id}")
'''


def course_at(root, text=LESSON):
    folder = root / "solutions" / "01_tiny"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "01_tiny.py").write_text(text)
    (folder / "alternatives.py").write_text("")
    return root


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = course_at(tmp_path_factory.mktemp("root"))
    course = tmp_path_factory.mktemp("course")
    assert build_course(root, course) == ("01_tiny",)
    return root, course


def released(course):
    return nbformat.read(course / "release" / "01_tiny" / "01_tiny.ipynb", as_version=4)


def test_the_prose_is_computed_and_the_box_comes_from_the_exercise(tiny):
    cells = released(tiny[1]).cells
    assert cells[0].source == "# Tiny\nHalf is 0.5."
    box = cells[2].source
    assert box.startswith(f"### Exercise {EXERCISE.id} · {EXERCISE.title}\n\n> difficulty ●")
    assert f"about {EXERCISE.minutes} minutes · {EXERCISE.points:g} point" in box
    assert box.endswith("Write it.")


def test_the_metadata_is_nbgraders_and_the_check_is_locked(tiny):
    notebook = released(tiny[1])
    MetadataValidator().validate_nb(notebook)
    meta = {
        c.metadata.nbgrader.grade_id: c.metadata for c in notebook.cells if "nbgrader" in c.metadata
    }
    tag = EXERCISE.id.replace(".", "-")
    check, gap = meta[f"check-{tag}"], meta[f"exercise-{tag}"]
    assert check.nbgrader.points == EXERCISE.points
    assert (check.nbgrader.locked, check.editable, check.deletable) == (True, False, False)
    assert (gap.nbgrader.solution, gap.nbgrader.grade) == (True, False)
    written = meta[f"written-{WRITTEN.id.replace('.', '-')}"].nbgrader
    assert (written.solution, written.grade, written.points) == (True, True, WRITTEN.points)


def test_no_solution_reaches_the_student(tiny):
    text = nbformat.writes(released(tiny[1]))
    assert "secret" not in text
    assert "because" not in text
    assert "raise NotImplementedError()" in text
    assert "secret" in nbformat.writes(instructor_notebook(lesson_sources(tiny[0])[0]))


def test_two_builds_are_equal_to_the_byte_and_ids_are_unique(tiny, tmp_path):
    build_course(tiny[0], tmp_path)
    name = "release/01_tiny/01_tiny.ipynb"
    assert (tmp_path / name).read_bytes() == (tiny[1] / name).read_bytes()
    ids = [cell.id for cell in released(tmp_path).cells]
    assert len(set(ids)) == len(ids)


def test_a_text_that_moves_keeps_the_other_cells_ids(tiny, tmp_path):
    other = course_at(tmp_path, LESSON.replace("# %% box", "# %% [markdown]\n# New.\n# %% box"))
    before = {c.id for c in instructor_notebook(lesson_sources(tiny[0])[0]).cells}
    after = {c.id for c in instructor_notebook(lesson_sources(other)[0]).cells}
    assert before < after
    assert len(after - before) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{half}}", "{{hallf}}", r"01_tiny.py: \{\{hallf\}\} in the prose stopped with NameError"),
        (f"# %% exercise {EXERCISE.id}\n", f"# %% exercise {EXERCISE.id} points=3\n", "belong to"),
        ("# %% check", "# %% chekc", "is no tag"),
    ],
)
def test_a_faulty_source_is_one_sentence_for_its_author(tmp_path, old, new, said):
    root = course_at(tmp_path, LESSON.replace(old, new, 1))
    with pytest.raises(ValueError, match=said):
        instructor_notebook(lesson_sources(root)[0])


def test_nbgraders_own_refusal_comes_through(tmp_path):
    root = course_at(tmp_path, LESSON.replace("    ### END SOLUTION", "", 1))
    with pytest.raises(BuildError, match="nbgrader refused the notebook"):
        build_course(root, tmp_path / "course")


def test_a_folder_without_lessons_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected is solutions/NAME/NAME.py"):
        lesson_sources(tmp_path)


def test_check_shows_what_is_out_of_date(tiny, tmp_path, capsys):
    built = tmp_path / "built"
    shutil.copytree(tiny[1] / "release", built / "notebooks")
    for place in ("samples", "asking"):
        (built / place).mkdir()
    root = tmp_path / "root"
    shutil.copytree(built / "notebooks", root / "notebooks")
    assert build_command._stale(root, built) == {}
    stale = root / "notebooks" / "01_tiny" / "01_tiny.ipynb"
    stale.write_text(stale.read_text().replace("Half is 0.5", "Half is 0.6"))
    differences = build_command._stale(root, built)
    assert list(differences) == ["notebooks/01_tiny/01_tiny.ipynb"]
    build_command._show(differences)
    shown = capsys.readouterr().out
    assert "Half is 0.6" in shown
    assert "1 generated files are out of date. Run `autograder build`" in shown


def test_building_over_an_old_build_removes_what_is_gone(tiny, tmp_path):
    built, root = tmp_path / "built", tmp_path / "root"
    shutil.copytree(tiny[1] / "release", built / "notebooks")
    for place in ("samples", "asking"):
        (built / place).mkdir()
    (root / "notebooks" / "99_gone").mkdir(parents=True)
    (root / "notebooks" / "99_gone" / "99_gone.ipynb").write_text("{}")
    build_command._replace(root, built)
    assert build_command._stale(root, built) == {}


def test_a_faulty_course_ends_in_one_line_and_exit_2(tmp_path, monkeypatch, capsys):
    course_at(tmp_path, LESSON.replace("{{half}}", "{{hallf}}"))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    asked = argparse.Namespace(check=True, course=None, lesson=None, json=False)
    assert build_command.run(asked) == 2
    assert capsys.readouterr().err.startswith("autograder build: 01_tiny.py: {{hallf}}")


def test_a_course_folder_is_filled_for_an_exchange(tiny, tmp_path, monkeypatch, capsys):
    root, _ = tiny
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "pyproject.toml").touch()
    monkeypatch.chdir(root)
    course = tmp_path / "course"
    assert main(["build", "--course", str(course), "--lesson", "01_tiny"]) == 0
    assert f"Built into {course}: 01_tiny." in capsys.readouterr().out
    released = nbformat.read(course / "release" / "01_tiny" / "01_tiny.ipynb", as_version=4)
    assert "secret" not in str(released)
    assert "harden(c)" in (course / "nbgrader_config.py").read_text()
    assert (course / "gradebook.db").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--course", "course", "--lesson", "02_none"], "There is no lesson 02_none; expected is"),
        (["--lesson", "01_tiny"], "--lesson goes with --course"),
    ],
)
def test_what_cannot_be_built_into_a_course_is_said(tiny, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tiny[0])
    assert main(["build", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_text_for_ask_is_prose_by_sections_without_code_and_what_is_folded():
    prose = """
before any heading

# Lesson · `one`

Two lines that
are one, a [link](../x.ipynb) and <kbd>Tab</kbd>.

- an item
  that goes *on and on*, 2 * 3 * 4
- another

> difficulty ●○○○○ · about 2 minutes

| word | means |
|---|---|
| **a** | b |

## Empty

## Two

<details><summary>Show</summary>

secret = 1

</details>
> `q = x / s`
"""
    found = [(heading, texts, prose[at : at + 4]) for heading, texts, at in sections(prose)]
    assert found == [
        (
            "Lesson · one",
            [
                "Two lines that are one, a link and Tab.",
                "an item that goes on and on, 2 * 3 * 4",
                "another",
                "word · means",
                "**a** · b",
            ],
            "# Le",
        ),
        ("Two", ["`q = x / s`"], "## T"),
    ]


def test_as_json_it_names_what_is_out_of_date(tiny, tmp_path, monkeypatch, capsys):
    def fresh(root, out):
        shutil.copytree(tiny[1] / "release", out / "notebooks")
        for place in ("samples", "asking"):
            (out / place).mkdir()

    root = course_at(tmp_path)
    (root / "notebooks").mkdir()
    (root / "pyproject.toml").touch()
    monkeypatch.chdir(root)
    monkeypatch.setattr(build_command, "build_student_files", fresh)
    stale = ["notebooks/01_tiny/01_tiny.ipynb"]
    told = [
        {"lessons": 1, "out_of_date": s, "written": w}
        for s, w in ((stale, False), (stale, True), ([], False))
    ]
    asked = {"course": None, "lesson": None, "json": True}
    codes = [
        build_command.run(argparse.Namespace(check=check, **asked)) for check in (True, False, True)
    ]
    assert codes == [1, 0, 0]
    said = capsys.readouterr().out.replace("}\n{", "}\0{").split("\0")
    assert [json.loads(one) for one in said] == told
