"""Files for spreadsheets and learning platforms: nothing in them runs, ungraded is empty."""

import csv
import io

import pytest

from autograder.intake.person import Person
from autograder.publishing import csv_files
from tests.support.rows import row

ADA = Person("ada", "Ada", "King", "ada@x.org", "17")
ROWS = (
    row("ada", {"1.2": 2.0, "1.10": 1.0}, person=ADA, penalty=0.5),
    row("ben", {"1.2": 0.5, "1.10": None}, max_score=4.0),
    row("cy", {}, max_score=None),
    row("eve", {}, lesson="", max_score=None),
)


def read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_row_a_submission_and_a_column_an_exercise():
    head, ada, ben, cy, eve = read(csv_files.grades(ROWS))
    assert head == [
        *("student", "last_name", "first_name", "email", "lesson", "verdict"),
        *("score", "late_penalty", "total", "max_score", "waiting_for_a_person"),
        *("1.2", "1.10", "reason"),
    ]
    assert ada[:4] == ["ada", "King", "Ada", "ada@x.org"]
    assert ada[6:] == ["3", "0.5", "2.5", "4", "", "2", "1", ""]
    assert ben[6:] == ["0.5", "0", "0.5", "4", "1.10", "0.5", "", ""]
    assert cy[6:] == ["", "", "", "", "", "", "", ""]
    assert eve[0] == "eve"


@pytest.mark.parametrize(
    "name", ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a,"b"', "a\n=b", " =1", "\n=1", "＝1"]
)
@pytest.mark.parametrize("make", [csv_files.grades, csv_files.canvas, csv_files.moodle])
def test_no_field_can_be_run_by_a_spreadsheet(name, make):
    bad = row(name, {"1.1": 2.0}, lesson=name, person=Person(name, name, name, name, name))
    lines = read(make([bad]))
    assert name in {f.removeprefix("'") for line in lines for f in line}
    for value in (field for line in lines for field in line):
        assert not value.lstrip(" ").startswith(csv_files.FORMULA)


def test_canvas_finds_its_columns_and_an_empty_grade_is_empty():
    head, possible, ada, ben, cy = read(csv_files.canvas(ROWS))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01"]
    assert possible == ["Points Possible", "", "", "", "", "4"]
    assert ada == ["King, Ada", "17", "", "ada", "", "2.5"]
    assert ben == ["ben", "", "", "ben", "", "0.5"]
    assert cy == ["cy", "", "", "cy", "", ""]


def test_moodle_has_a_mail_address_to_map():
    head, ada, *_ = read(csv_files.moodle(ROWS))
    assert head == ["Username", "First name", "Last name", "ID number", "Email address", "01"]
    assert ada == ["ada", "Ada", "King", "17", "ada@x.org", "2.5"]


@pytest.mark.parametrize("make", [csv_files.canvas, csv_files.moodle])
def test_final_leaves_out_who_waits_for_a_person(make):
    totals = [line[-1] for line in read(make(ROWS, final=True)) if line[0] in ("King, Ada", "ada")]
    assert totals == ["2.5"]
    assert [line[-1] for line in read(make(ROWS, final=True)) if line[0] == "ben"] == [""]


def test_a_student_has_one_line_for_all_lessons():
    rows = (*ROWS, row("ada", {"2.1": 2.0}, lesson="02", person=ADA))
    lines = read(csv_files.canvas(rows))
    assert lines[0][5:] == ["01", "02"]
    assert [line[5:] for line in lines if line[0] == "King, Ada"] == [["2.5", "2"]]
