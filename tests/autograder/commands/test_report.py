"""The tables and the CSV, from records and the gradebook."""

import csv
import io
import json
import os

from nbgrader.api import Gradebook
from rich.console import Console

from autograder.cli import main
from autograder.commands.report import Named, as_csv, named_misconceptions, show
from autograder.recording.record import ExerciseResult, Record, read_record, write_record


def result(id, points, misconception=None):
    verdict = "correct" if misconception is None else "incorrect"
    return ExerciseResult(id, verdict, points, 2.0, misconception)


RECORDS = (
    Record("ada", "01", "graded", "", 4.0, 4.0, (result("1.2", 2.0), result("1.10", None))),
    Record("ben", "01", "graded", "", 0.5, 4.0, (result("1.2", 0.5, "squares"),)),
    Record("=1+1", "01", "malformed", "It is empty.", None, 4.0),
    Record(
        "ünï",
        "@x",
        "graded",
        "",
        0.0,
        4.0,
        (result("1.2", 0.0, "squares"),),
        notes=("The cell exercise 1.4 is missing.",),
    ),
)


def test_csv_has_a_row_a_submission_and_a_column_an_exercise():
    rows = list(csv.reader(io.StringIO(as_csv(RECORDS))))
    assert rows[0] == ["student", "lesson", "verdict", "score", "max_score", "1.2", "1.10"]
    assert rows[1] == ["ada", "01", "graded", "4", "4", "2", ""]
    assert rows[3] == ["'=1+1", "01", "malformed", "", "4", "", ""]
    assert rows[4][:2] == ["ünï", "'@x"]


def test_no_field_can_be_run_by_a_spreadsheet():
    names = ("=cmd()", "+1", "-1", "@SUM", "\tx", "\rx", 'a,"b"', "a\n=b")
    records = [Record(name, name, "graded") for name in names]
    rows = list(csv.reader(io.StringIO(as_csv(records), newline="")))
    for name, row in zip(names, rows[1:], strict=True):
        assert row[0].removeprefix("'") == name
        assert row[0][0] not in "=+-@\t\r"


def test_misconceptions_are_counted_by_exercise():
    assert named_misconceptions(RECORDS) == (Named("1.2", "squares", 2, 3),)


def test_the_tables_show_who_and_what():
    console = Console(record=True, width=120, file=io.StringIO())
    show(RECORDS, console)
    text = console.export_text()
    assert "grade by hand: 1.10" in text
    assert "It is empty." in text
    assert "The cell exercise 1.4 is missing." in text
    assert "2 of 3" in text


def test_a_record_reads_back_as_it_was_written(tmp_path):
    for record in RECORDS[:2]:
        assert read_record(write_record(tmp_path, record)) == record
        assert read_record(write_record(tmp_path, record)) == record  # over the old one
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    if os.name == "posix":  # Windows has other rights, which a folder hands on
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    damaged = tmp_path / "records" / "ada" / "01.json"
    damaged.write_text(damaged.read_text()[:50])
    assert read_record(damaged) is None
    assert read_record(tmp_path / "none.json") is None


def test_the_command_shows_the_gradebooks_present_scores(a_class, tmp_path, capsys):
    c = a_class
    c.submit("ada", b"")
    c.grade()
    with Gradebook(c.course.db_url) as gradebook:
        grade = gradebook.find_grade("check-97-1", c.lesson, c.lesson, "ada")
        grade.manual_score = 2.5
        gradebook.db.commit()
    file = tmp_path / "grades.csv"
    assert main(["report", "--course", str(c.folder), "--csv", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(s["verdict"], s["score"]) for s in told["submissions"]] == [("malformed", 2.5)]
    assert file.read_text(encoding="utf-8").splitlines()[1] == "ada,97_tiny,malformed,2.5,7"


def test_an_empty_course_says_what_to_do(a_class, capsys):
    assert main(["report", "--course", str(a_class.folder)]) == 1
    assert "Run `autograder grade` first." in capsys.readouterr().out
