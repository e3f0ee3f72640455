"""Regrading: what a mended check changes is seen before anything is stored."""

import json

import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.commands import grade, regrade
from autograder.recording.gradebook import standing
from autograder.recording.record import read_record
from tests.support import fake_grader
from tests.support.inline import Inline


@pytest.fixture
def course(a_class, monkeypatch):
    """Three are graded by a check that refuses Ben's right answer; Cy has a grade by hand."""
    monkeypatch.setattr(grade, "engine_of", lambda *_: Inline(fake_grader.WORK))
    monkeypatch.setattr(regrade, "engine_of", lambda *_: Inline(fake_grader.WORK))
    monkeypatch.setattr(regrade, "environment_sha256", lambda: "e")
    monkeypatch.setenv("COLUMNS", "200")
    c = a_class
    c.submit("ada", c.right())
    for student in ("ben", "cy"):
        c.submit(student, c.answered(a1="def double(x):\n    return x + x", a2=c.answers["97.2"]))
    assert main(["grade", str(c.folder / "submitted"), "--seed", "5"]) == 0
    with Gradebook(c.course.db_url) as gradebook:
        row = gradebook.find_grade("check-97-1", c.lesson, c.lesson, "cy")
        row.manual_score, row.needs_manual_grade = 2.5, False
        gradebook.db.commit()
    monkeypatch.setitem(fake_grader.ACCEPTED, "97.1", "x")
    return c


def regraded(c, *words):
    return main(["regrade", str(c.folder / "submitted"), *words])


def test_the_difference_is_shown_and_nothing_is_stored(course, capsys):
    capsys.readouterr()
    before = read_record(course.folder / "records" / "ben" / f"{course.lesson}.json")
    assert regraded(course, "--diff") == 1
    out = capsys.readouterr().out
    assert "2 exercises differ; the score of 1 changes." in out
    assert "2.5 by hand stays" in out
    assert "Nothing is stored yet" in out
    assert standing(course.course.db_url, "ben", course.lesson).score == 2.0
    assert read_record(course.folder / "records" / "ben" / f"{course.lesson}.json") == before


def test_who_which_exercise_from_what_to_what(course, capsys):
    capsys.readouterr()
    assert regraded(course, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["stored"]
    seen = [(c["student"], c["exercise"], c["old"], c["new"], c["counts"]) for c in told["changes"]]
    assert seen == [("ben", "97.1", 0.0, 3.0, 3.0), ("cy", "97.1", 0.0, 3.0, 0.0)]


def test_yes_stores_and_a_grade_by_hand_stays(course, capsys):
    assert regraded(course) == 1
    assert (course.folder / "regrade").is_dir()
    assert regraded(course, "--yes") == 0
    assert not (course.folder / "regrade").exists()
    assert standing(course.course.db_url, "ben", course.lesson).score == 5.0
    assert standing(course.course.db_url, "cy", course.lesson).score == 4.5
    record = read_record(course.folder / "records" / "ben" / f"{course.lesson}.json")
    assert (record.score, record.seed) == (5.0, 5)
    capsys.readouterr()
    assert regraded(course) == 0
    assert "0 exercises differ" in capsys.readouterr().out


def test_a_lesson_that_changed_in_between_is_graded_anew(course, capsys, monkeypatch):
    assert regraded(course) == 1
    monkeypatch.setitem(fake_grader.ACCEPTED, "97.1", "2 * x")
    assert regraded(course) == 1  # the same environment: what was graded stands
    monkeypatch.setattr(regrade, "environment_sha256", lambda: "another")
    assert regraded(course) == 0


def test_diff_and_yes_exclude_each_other(course):
    with pytest.raises(SystemExit):
        regraded(course, "--diff", "--yes")
