"""nbgrader's inbound folder becomes nbgrader's folders, and nobody's word is taken for it."""

import os
import pwd
from datetime import UTC, datetime, timedelta

import pytest

from autograder.cli import main
from autograder.intake.exchange import SAME_TIME_SECONDS, collect_exchange
from autograder.intake.person import Person

LESSON = "01_tiny"
ME = pwd.getpwuid(os.getuid()).pw_name
ROSTER = (Person(ME),)
SECRET = "ab" * 64


def at(seconds=0.0):
    """A time as nbgrader writes it, so many seconds from now."""
    when = datetime.now(UTC) + timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%d %H:%M:%S.%f UTC")


@pytest.fixture
def inbound(tmp_path):
    folder = tmp_path / "inbound"
    folder.mkdir()
    return folder


@pytest.fixture
def hand_in(inbound):
    """Make a submission as `nbgrader submit` does; returns its folder."""

    def made(notebook="{}", student=ME, time=None, lesson=LESSON, **files):
        number = len(list(inbound.iterdir()))
        folder = inbound / f"{student}+{lesson}+{at()}+{number}"
        folder.mkdir()
        (folder / f"{lesson}.ipynb").write_text(notebook)
        (folder / "timestamp.txt").write_text(time or at())
        (folder / "submission_secret.txt").write_text(SECRET)
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    return made


@pytest.fixture
def take(inbound, tmp_path):
    """Collect once more; returns what became of each, and the folder of mine."""

    def taken(roster=ROSTER):
        done = list(collect_exchange(inbound, LESSON, tmp_path / "submitted", roster))
        return done, tmp_path / "submitted" / ME / LESSON

    return taken


def test_a_submission_arrives_with_its_answers_time_and_secret(hand_in, take):
    time = at(-1)
    hand_in("mine", time=time, **{"quiz.answers.json": "{}", "secrets.txt": "no"})
    (one,), folder = take()
    assert (one.student, one.state, one.note, one.in_roster) == (ME, "new", "", True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        f"{LESSON}.ipynb": "mine",
        "quiz.answers.json": "{}",
        "timestamp.txt": time,
        "submission_secret.txt": SECRET,
    }
    assert [one.state for one in take()[0]] == ["same"]


def test_the_newest_counts_and_other_lessons_stay(hand_in, take):
    hand_in("first")
    hand_in("second")
    hand_in("third", lesson="02_tiny")
    (one,), folder = take(())
    assert (folder / f"{LESSON}.ipynb").read_text() == "second"
    assert not one.in_roster


def test_a_folder_counts_for_its_owner_alone(hand_in, take, tmp_path):
    """Whoever is named may have handed in already; what is theirs stays."""
    hand_in("mine")
    hand_in("forged", student="somebody")
    refused, mine = take()[0]
    assert (refused.student, refused.state) == ("somebody", "refused")
    assert f"is owned by {ME}. Talk to both of them." in refused.note
    assert (mine.student, mine.state) == (ME, "new")
    assert [path.name for path in (tmp_path / "submitted").iterdir()] == [ME]


def test_links_are_not_followed(hand_in, inbound, take, tmp_path):
    key = tmp_path / "key.ipynb"
    key.write_text("the instructor's own")
    linked = hand_in()
    (linked / f"{LESSON}.ipynb").unlink()
    (linked / f"{LESSON}.ipynb").symlink_to(key)
    (inbound / f"{ME}+{LESSON}+{at()}+folder").symlink_to(tmp_path)
    notes = [one.note for one in take()[0] if one.state == "refused"]
    assert len(notes) == 2
    assert f"{LESSON}.ipynb is a link; expected is the file itself." in notes[0]
    assert "is no folder to read" in notes[1]
    assert not (tmp_path / "submitted").exists()


def test_a_beside_file_that_is_a_link_costs_only_itself(hand_in, take, tmp_path):
    folder = hand_in("mine")
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").symlink_to(tmp_path)
    (one,), there = take()
    assert one.state == "new"
    assert "timestamp.txt is a link" in one.note
    assert "says that it is of no time" in one.note
    assert (there / "timestamp.txt").read_text().endswith(" UTC")


@pytest.mark.parametrize("seconds", [-2 * SAME_TIME_SECONDS, 2 * SAME_TIME_SECONDS])
def test_the_disk_is_believed_where_the_student_says_another_time(hand_in, take, seconds):
    hand_in(time=at(seconds))
    (one,), folder = take()
    assert "on disk counts" in one.note
    said = datetime.strptime((folder / "timestamp.txt").read_text(), "%Y-%m-%d %H:%M:%S.%f UTC")
    # The file was made in this test, a moment ago.
    assert abs((datetime.now(UTC) - said.replace(tzinfo=UTC)).total_seconds()) < 60


def test_what_is_no_submission_has_a_sentence(hand_in, take):
    (hand_in() / f"{LESSON}.ipynb").unlink()
    hand_in(student="..")
    notes = [one.note for one in take()[0]]
    assert notes == [
        "Its folder's name is no id.",
        f"There is no {LESSON}.ipynb; the folder holds submission_secret.txt, timestamp.txt.",
    ]


def test_the_command_takes_the_folder_in_place_of_a_zip(hand_in, inbound, tmp_path, capsys):
    hand_in()
    course = tmp_path / "course"
    command = ["collect", str(inbound), "--lesson", LESSON, "--course", str(course)]
    assert main(command) == 0
    assert f"1 new\n  {ME}: Not in the roster." in capsys.readouterr().out
    hand_in(student="somebody")
    assert main(command) == 1
    assert "1 refused, 1 same" in capsys.readouterr().out
