"""The zip: what students receive, and what a class must not receive."""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder.build import build_student_files
from autograder.commands import release
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import all_exercises

ROOT = course_root()


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder, built = tmp_path_factory.mktemp("zips"), tmp_path_factory.mktemp("built")
    build_student_files(ROOT, built)  # once for both: it takes as long as all the rest
    for graded in (False, True):
        release.write_zip(ROOT, built, folder / f"{graded}.zip", graded=graded)
    return {graded: zipfile.ZipFile(folder / f"{graded}.zip") for graded in (False, True)}


def names(zipped):
    return {name.removeprefix("quantlab-course/") for name in zipped.namelist()}


def test_as_json_it_says_what_the_zip_is(zips):
    path = Path(zips[True].filename)
    told = release.as_data(path, len(zips[True].namelist()), graded=True)
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["bytes"] == path.stat().st_size
    assert (told["graded"], told["path"]) == (True, str(path))


def test_both_hold_the_starter_the_notebooks_and_the_library(zips):
    for zipped in zips.values():
        inside = names(zipped)
        assert {"README.md", "course.py", "course_setup.py", "LICENSE"} <= inside
        pyproject = tomllib.loads(zipped.read("quantlab-course/pyproject.toml").decode())
        assert list(pyproject["project"]["scripts"]) == ["quantlab"]
        assert "notebooks/01_scale_and_zero_point/01_scale_and_zero_point.ipynb" in inside
        assert "quantlab/teach/judging/judge.py" in inside
        assert not [
            n for n in inside if "__pycache__" in n or "checkpoint" in n or ".answers." in n
        ]
        assert not [n for n in inside if n.startswith(("tests/", "autograder/", ".git"))]


def test_a_graded_release_holds_no_answer(zips):
    assert any(n.startswith("solutions/") for n in names(zips[False]))
    assert not any(n.startswith("solutions/") for n in names(zips[True]))
    reference = "\n".join(p.read_text() for p in (ROOT / "solutions").glob("*/alternatives.py"))
    defined = {r.split("(")[0] for r in reference.splitlines() if r.startswith("def ")}
    for name in zips[True].namelist():
        text = zips[True].read(name).decode(errors="replace")
        assert "### BEGIN SOLUTION" not in text or name.endswith((".py", ".md")), name
        assert not [d for d in defined if f"{d}(" in text], name


def test_a_graded_quiz_has_no_key_and_the_same_questions(zips):
    quizzes = [n for n in zips[True].namelist() if n.endswith("/quiz.yaml")]
    assert quizzes
    for name in quizzes:
        keyless = yaml.safe_load(zips[True].read(name))
        whole = yaml.safe_load(zips[False].read(name))
        assert [q["text"] for q in keyless["questions"]] == [q["text"] for q in whole["questions"]]
        for word in ("right", "feedback", "answer", "tolerance", "likely"):
            assert f"{word}:" not in zips[True].read(name).decode(), word


def test_the_same_course_gives_the_same_bytes(zips, tmp_path):
    """Built anew, too."""
    release.release(ROOT, tmp_path / "again.zip", graded=True)
    assert (tmp_path / "again.zip").read_bytes() == Path(zips[True].filename).read_bytes()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    out = tmp_path / "nowhere" / "x.zip"
    assert release.run(argparse.Namespace(graded=True, out=out)) == 2
    assert "There is no folder" in capsys.readouterr().err


LOOK = """
from quantlab.lessons.catalogue import all_exercises
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.ask import LocalAsk
import numpy as np, json
found = all_exercises()
print(json.dumps({
    "ids": [e.id for e in found],
    "keys": [e.id for e in found if e.oracle or e.rubric or e.misconceptions or e.trial or e.cases
             or any(o.right or o.feedback for o in e.options.values())],
}))
from quantlab.learn import check
def symmetric_scale(w):
    '''The scale.

    >>> float(symmetric_scale(np.array([-63.5, 12.0], dtype=np.float32)))
    0.5
    '''
    return float(np.max(np.abs(w))) / 127
scheme_choice = "z"
my_scale, my_zero_point = 0.02, 3
print(check("1.6")); print(check("1.7")); print(check("1.1")); print(check("1.2"))
def symmetric_scale(w):
    '''
    >>> symmetric_scale(np.ones(2))
    0.5
    '''
    return 3
print(check("1.6"))
"""


def test_a_graded_release_asks_everything_and_answers_nothing(zips, tmp_path):
    zips[True].extractall(tmp_path)
    env = {"PYTHONPATH": str(tmp_path / "quantlab-course"), "QUANTLAB_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, _, said = done.stdout.partition("\n")
    told = json.loads(first)
    assert told["ids"] == [e.id for e in all_exercises()]
    assert told["keys"] == []
    for words in (
        "Written, and not judged here — 1.6",
        "All 1 in the docstring come out as they stand there.",
        'is \'z\'; expected is one of "a", "b"',
        "Your `my_scale` is 0.02.",
        "`my_q` is still empty.",
        "There is no `scale_zero_point` yet.",
        "`symmetric_scale(np.ones(2))` does not come out as its docstring says.",
    ):
        assert words in said, said


def test_no_oracle_and_no_model_answer_stands_in_a_graded_release(zips):
    answers = [band.model_answer for e in all_exercises() for band in e.rubric]
    for name in zips[True].namelist():
        text = zips[True].read(name).decode(errors="replace")
        assert "/lessons/" not in name or "def oracle(" not in text, name
        assert not [a for a in answers if len(a) > 20 and a in text], name
