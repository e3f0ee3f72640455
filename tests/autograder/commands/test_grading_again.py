"""A second run: what is done stays, what changed is graded, a person's grade is never touched."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.recording.gradebook import standing


@pytest.fixture(scope="module")
def graded(module_class):
    """Two submissions, graded: one with a text for a person to read."""
    c = module_class
    c.submit("ada", c.right())
    text = 'why = """\nBecause of the sign.\n"""'
    c.submit("ben", c.answered(a1="def double(x):\n    return x * x", a3=text))
    return c, c.grade()


def set_by_hand(c, student, cell, points):
    with Gradebook(c.course.db_url) as gradebook:
        grade = gradebook.find_grade(cell, c.lesson, c.lesson, student)
        grade.manual_score = points
        grade.needs_manual_grade = False
        gradebook.db.commit()


def test_a_text_waits_for_a_person_and_its_grade_counts(graded):
    c, _ = graded
    now = standing(c.course.db_url, "ben", c.lesson)
    assert (now.needs_manual_grade, now.points["written-97-3"]) == (True, None)
    set_by_hand(c, "ben", "written-97-3", 2.0)
    now = standing(c.course.db_url, "ben", c.lesson)
    assert (now.needs_manual_grade, now.score) == (False, 3.0)


def test_a_second_run_grades_nothing_and_a_change_only_itself(graded):
    c, first = graded
    again = c.grade()
    assert all(one.reused for one in again.values())
    assert again["ada"].record == first["ada"].record
    c.submit("ada", c.answered(a1=c.answers["97.1"]))
    changed = c.grade()
    assert {s: one.reused for s, one in changed.items()} == {"ada": False, "ben": True}
    assert changed["ada"].record.score == 3.0


def test_a_manual_grade_survives_force_and_is_marked(graded):
    c, _ = graded
    set_by_hand(c, "ben", "written-97-3", 2.0)
    set_by_hand(c, "ben", "check-97-1", 2.5)
    record = c.grade(lambda name: name == "ben", force=True)["ben"].record
    assert [e.points for e in record.exercises] == [1.0, 0.0, None]  # the code's own word
    with Gradebook(c.course.db_url) as gradebook:
        grade = gradebook.find_grade("check-97-1", c.lesson, c.lesson, "ben")
        assert (grade.auto_score, grade.manual_score) == (1.0, 2.5)
        assert grade.needs_manual_grade


def test_a_manual_grade_survives_a_broken_file_too(graded):
    c, _ = graded
    set_by_hand(c, "ben", "written-97-3", 2.0)
    c.submit("ben", b"")
    assert c.grade(lambda name: name == "ben")["ben"].record.score is None
    with Gradebook(c.course.db_url) as gradebook:
        find = gradebook.find_grade
        assert find("written-97-3", c.lesson, c.lesson, "ben").manual_score == 2.0
        assert find("check-97-2", c.lesson, c.lesson, "ben").auto_score is None


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(a_class, capsys):
    c = a_class
    c.submit("ada", c.right())
    c.submit("ben", c.answered(a1="import time\ntime.sleep(300)"))
    words = [str(c.folder / "submitted"), "--timeout", "400", "--budget", "400"]
    running = subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", *words],
        stderr=subprocess.PIPE,
        text=True,
    )
    done = c.folder / "records" / "ada" / f"{c.lesson}.json"
    while not done.exists() and running.poll() is None:
        time.sleep(0.1)
    below = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=240)
    assert running.returncode == 130
    assert "Stopped after 1 of 2. Run the same command to go on." in said
    assert not [p for p in below if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    c.submit("ben", c.right())
    assert main(["grade", str(c.folder / "submitted"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["submissions"]
    assert [(s["student"], s["verdict"], s["score"]) for s in told] == [
        ("ada", "graded", 5.0),
        ("ben", "graded", 5.0),
    ]
    first = told[0]["exercises"][0]
    assert (first["id"], first["verdict"], first["points"]) == ("97.1", "correct", 3.0)
    assert "seed" not in first
