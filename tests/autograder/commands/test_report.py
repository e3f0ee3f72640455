"""The report: everyone stands in it, with the gradebook's present scores."""

import csv
import io
import json
import os
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook
from rich.console import Console

from autograder.cli import main
from autograder.commands.report import as_data
from autograder.publishing.rows import rows_of
from autograder.publishing.tables import show_grades
from autograder.recording.record import read_record, record_path, write_record
from autograder.recording.store import Store
from tests.support.rows import graded


@pytest.fixture
def course(a_class):
    """Ada is graded, Ben's file was empty, Cy is in the roster; and things in wrong places."""
    c = a_class
    c.submit("ada", c.right())
    c.submit("ben", b"")
    submitted = c.folder / "submitted"
    (submitted / "dan").mkdir()
    (submitted / "dan" / "97_tiny.ipynb").write_text("{}")
    (submitted / "Eve_123_assignsubmission_file_97_tiny.ipynb").write_text("{}")
    (submitted / "fay").mkdir()
    (submitted / "=cmd()").mkdir()
    c.path("gil").parent.mkdir(parents=True)
    with Gradebook(c.course.db_url) as gradebook:
        gradebook.add_student("cy", first_name="Cy", last_name="Young", lms_user_id="9")
        gradebook.add_student("ada", first_name="Ada", last_name="King", email="ada@x.org")
    with Store(c.course.db_url) as store:
        for record in (
            graded("ada", c.lesson),
            graded("ben", c.lesson, "malformed", "It is empty."),
        ):
            write_record(c.folder / "records", record)
            store.put(record)
    return c


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")


def report(c, capsys, *words):
    assert main(["report", str(c.folder / "submitted"), *words]) == 0
    return capsys.readouterr().out


def test_everyone_handed_in_or_expected_stands_in_it(course, capsys):
    told = json.loads(report(course, capsys, "--json"))["submissions"]
    found = {row["student"]: (row["lesson"], row["verdict"], row["score"]) for row in told}
    assert found == {
        "ada": ("97_tiny", "graded", 3.0),
        "ben": ("97_tiny", "malformed", None),
        "cy": ("97_tiny", "missing", None),
        "gil": ("97_tiny", "missing", None),
        "dan": ("", "malformed", None),
        "fay": ("", "missing", None),
        "=cmd()": ("", "malformed", None),
        "Eve_123_assignsubmission_file_97_tiny.ipynb": ("", "malformed", None),
    }
    assert len(told) == len(found)
    reasons = {row["student"]: row["reason"] for row in told}
    assert reasons["cy"] == "Nothing was handed in."
    assert reasons["gil"] == "It is not graded yet. Run `autograder grade`."
    assert "Put it at dan/LESSON/LESSON.ipynb" in reasons["dan"]
    assert "is no id" in reasons["=cmd()"]


def test_names_come_from_the_roster(course, capsys, tmp_path):
    file = tmp_path / "grades.csv"
    report(course, capsys, "--csv", str(file))
    rows = {row["student"]: row for row in csv.DictReader(file.open(newline="", encoding="utf-8"))}
    assert (rows["ada"]["last_name"], rows["ada"]["email"]) == ("King", "ada@x.org")
    assert rows["cy"]["first_name"] == "Cy"
    assert rows["'=cmd()"]["verdict"] == "malformed"


def test_the_scores_are_the_gradebooks_of_now(course, capsys):
    with Gradebook(course.course.db_url) as gradebook:
        grade = gradebook.find_grade("check-97-1", course.lesson, course.lesson, "ben")
        grade.manual_score = 2.5
        gradebook.db.commit()
    told = json.loads(report(course, capsys, "--json"))["submissions"]
    (ben,) = [row for row in told if row["student"] == "ben"]
    assert (ben["verdict"], ben["score"], ben["total"]) == ("malformed", 2.5, 2.5)


def test_a_grade_to_look_at_again_is_said_until_a_person_has(course, capsys):
    c = course
    with Gradebook(c.course.db_url) as gradebook:
        grade = gradebook.find_grade("written-97-3", c.lesson, c.lesson, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, True
        gradebook.db.commit()
    assert "look again at 97.3." in report(c, capsys)
    (ada,) = [row for row in rows_of(c.course) if row.student == "ada"]
    assert (ada.review, ada.score) == (("97.3",), 4.5)


def test_what_all_wait_for_is_said_once(course, capsys):
    out = report(course, capsys)
    assert out.count("97.3") == 1
    assert "To grade by hand in formgrader: 97.3 of 97_tiny, 1 submissions." in out


def test_one_lesson_alone(course, capsys):
    told = json.loads(report(course, capsys, "--json", "--lesson", "97_tiny"))
    assert {row["lesson"] for row in told["submissions"]} == {"", "97_tiny"}
    assert main(["report", "--course", str(course.folder), "--lesson", "98_other"]) == 1


def test_the_tables_do_not_steer_the_terminal(course):
    course.submit("\x1b[31mred", b"")
    console = Console(record=True, width=150, file=io.StringIO())
    show_grades(rows_of(course.course), console)
    text = console.export_text()
    assert "?[31mred" in text
    assert "\x1b[31mred" not in text


def test_neither_seed_nor_hash_is_told(course):
    text = json.dumps(as_data(rows_of(course.course)))
    assert "777" not in text
    assert "sha256" not in text


def test_items_and_likeness_are_shown_where_asked_for(course, capsys):
    out = report(course, capsys, "--items", "--similar")
    assert "discrimination" in out
    assert "No two submissions are alike" in out
    assert "similar" not in json.loads(report(course, capsys, "--json"))


def test_import_files_say_who_still_waits(course, capsys, tmp_path):
    canvas, moodle = tmp_path / "canvas.csv", tmp_path / "moodle.csv"
    out = report(course, capsys, "--canvas", str(canvas), "--moodle", str(moodle))
    assert "1 of these still wait for a person's grade" in out
    assert '"King, Ada",,,ada,,3' in canvas.read_text(encoding="utf-8")
    report(course, capsys, "--canvas", str(canvas), "--final")
    assert '"King, Ada",,,ada,,\n' in canvas.read_text(encoding="utf-8")


def test_an_empty_course_says_what_to_do(a_class, capsys):
    assert main(["report", "--course", str(a_class.folder)]) == 1
    assert "Run `autograder grade` first." in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_one_sentence(course, capsys, tmp_path):
    words = ["--csv", str(tmp_path / "no" / "such" / "file.csv")]
    assert main(["report", str(course.folder / "submitted"), *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_record_reads_back_as_it_was_written(tmp_path):
    record = graded("ada", "01")
    for _ in range(2):  # the second time over the old one
        assert read_record(write_record(tmp_path, record)) == record
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert path == record_path(tmp_path, "ada", "01")
    if os.name == "posix":  # Windows has other rights, which a folder hands on
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_flaky_answer_is_shown_to_the_instructor(course, capsys):
    path = record_path(course.folder / "records", "ada", course.lesson)
    record = read_record(path)
    flaky = replace(record.exercises[1], verdict="inconclusive", points=None, flaky=True)
    exercises = (record.exercises[0], flaky, record.exercises[2])
    said = "Flaky: 97.2 came out otherwise when it was asked the same again."
    record = replace(record, exercises=exercises, flags=(said,))
    write_record(course.folder / "records", record)
    with Store(course.course.db_url) as store:
        store.put(record)
    shown = " ".join(report(course, capsys).split())
    assert said in shown
    assert "To grade by hand in formgrader: 97.2 of 97_tiny, 1 submissions." in shown
    (ada,) = [
        row
        for row in json.loads(report(course, capsys, "--json"))["submissions"]
        if row["student"] == "ada"
    ]
    assert [e["flaky"] for e in ada["exercises"]] == [False, True, False]
    assert (ada["flags"], ada["waiting"]) == ([said], ["97.2", "97.3"])
