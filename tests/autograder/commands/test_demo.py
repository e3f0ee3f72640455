"""The demo plays an instructor's job on the real lesson 01, and replaces only its own folder."""

import json
import re

import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.commands.demo import MARKER
from autograder.samples import LESSON
from quantlab.lessons.catalogue import of_lesson


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "course"
    return out, main(["demo", "--out", str(out)])


def test_it_plays_to_the_end_and_the_gradebook_has_the_grades(played):
    out, code = played
    assert code == 0
    by_hand = sum(e.points for e in of_lesson(1) if e.kind == "written")
    points = sum(e.points for e in of_lesson(1))
    with Gradebook(f"sqlite:///{out}/gradebook.db") as gradebook:
        score = {s.student.id: s.score for s in gradebook.assignment_submissions(LESSON)}
        assert gradebook.find_assignment(LESSON).max_score == points
    assert score["ada_right"] == points - by_hand
    assert 0 < score["ben_half"] < score["ada_right"]
    for student in score:
        page = (out / "feedback" / student / LESSON / f"{LESSON}.html").read_text()
        assert LESSON in page


def test_the_report_shows_the_three_and_the_two_misconceptions(played, capsys):
    assert main(["report", "--course", str(played[0])]) == 0
    shown = capsys.readouterr().out
    for words in ("ada_right", "ben_half", "cy_broken", "malformed", "Misconceptions named"):
        assert words in shown
    # Both misconceptions by name, and no count: three people are too few for one.
    for row in ("1.4 .*subtracts in uint8", "1.5 .*states the bound"):
        assert re.search(rf"{row}[^\w–]+–[^\w–]+$", shown, re.M), shown


def test_a_second_run_with_keep_grades_nothing_again(played, capsys):
    out, _ = played
    record = out / "records" / "ada_right" / f"{LESSON}.json"
    before = record.read_bytes()
    capsys.readouterr()
    assert main(["demo", "--out", str(out), "--keep", "--json"]) == 0
    assert record.read_bytes() == before
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["course"] == str(out)
    assert len(told["feedback"]) == len(told["submissions"]) == 3


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "is no demo course and is not replaced" in capsys.readouterr().err
    assert not (tmp_path / MARKER).exists()
