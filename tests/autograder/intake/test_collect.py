"""Downloads of Canvas and Moodle become nbgrader's folders, each file under its student."""

import json
import re
import zipfile
from pathlib import PurePosixPath

import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.intake.collect import collect
from autograder.intake.lms_names import Sender, sender_of, student_id
from autograder.intake.person import Person
from autograder.intake.times import read_times

EARLY, LATE = (f"2026-12-{day} 12:00:00.000000 UTC" for day in (24, 25))
ROSTER = (
    Person("ada", "Ada", "King", "", "17"),
    Person("jose", "José", "Nuñez", "", "18"),
    Person("twin1", "Kim", "Lee", "", "19"),
    Person("twin2", "Kim", "Lee", "", "20"),
)


@pytest.mark.parametrize(
    ("path", "sender"),
    [
        ("kingada_17_998_nb.ipynb", Sender("canvas", "kingada", "17", False, 998)),
        ("kingada_LATE_17_998_nb-1.ipynb", Sender("canvas", "kingada", "17", True, 998)),
        ("Ada King_4_assignsubmission_file_/nb.ipynb", Sender("moodle", "Ada King", "4")),
        ("Ada King_4_assignsubmission_file/nb.ipynb", Sender("moodle", "Ada King", "4")),
        ("Ada King_4_assignsubmission_file_nb.ipynb", Sender("moodle", "Ada King", "4")),
        ("all/Ada King_4_assignsubmission_file_/nb.ipynb", Sender("moodle", "Ada King", "4")),
        ("ada/01/01.ipynb", Sender("folders", "ada")),
        ("nb.ipynb", None),
        ("__MACOSX/nb.ipynb", None),
    ],
)
def test_whose_file_it_is(path, sender):
    assert sender_of(PurePosixPath(path)) == sender


@pytest.mark.parametrize(
    ("sender", "id", "known"),
    [
        (Sender("canvas", "kingada", "17"), "ada", True),
        (Sender("canvas", "kingada", "99"), "kingada_99", False),
        (Sender("moodle", "Ada King", "4"), "ada", True),
        (Sender("moodle", "King Ada", "4"), "ada", True),
        (Sender("moodle", "JOSÉ  Nuñez", "4"), "jose", True),
        (Sender("moodle", "Group 1-Ada King", "4"), "ada", True),
        (Sender("moodle", "Kim Lee", "4"), "Kim Lee_4", False),  # two of that name: no guess
        (Sender("moodle", "=cmd()", "4"), "moodle-4", False),
        (Sender("folders", "ada"), "ada", True),
    ],
)
def test_which_student_that_is(sender, id, known):
    assert student_id(sender, ROSTER) == (id, known)


@pytest.fixture
def download(tmp_path):
    def make(**files):
        path = tmp_path / "download.zip"
        with zipfile.ZipFile(path, "w") as whole:
            for name, content in files.items():
                whole.writestr(name, content)
        return path

    return make


def states(download, folder, roster=ROSTER):
    return {c.student: (c.state, c.note) for c in collect(download, "01", folder, roster)}


def test_a_canvas_download(download, tmp_path):
    path = download(
        **{
            "kingada_17_100_nb.ipynb": "old",
            "kingada_LATE_17_200_nb-1.ipynb": "new",
            "kingada_LATE_17_201_quiz.answers.json": "{}",
            "nunezjose_18_300_essay.pdf": "no notebook",
            "x_99_400_nb.ipynb": "{}",
            "index.html": "",
        }
    )
    said = states(path, tmp_path / "submitted")
    assert said == {
        "ada": ("new", "Of 2 notebooks, kingada_LATE_17_200_nb-1.ipynb is taken. "
                "Handed in late, says Canvas."),
        "jose": ("refused", "There is no notebook among its files."),
        "x_99": ("new", ""),
    }  # fmt: skip
    assert (tmp_path / "submitted/ada/01/01.ipynb").read_text() == "new"
    assert (tmp_path / "submitted/ada/01/quiz.answers.json").read_text() == "{}"
    assert not (tmp_path / "submitted/jose").exists()


def test_a_moodle_download_and_again_after_a_change(download, tmp_path):
    folder = "Ada King_4_assignsubmission_file_/"
    into = tmp_path / "submitted"
    assert states(
        download(**{f"{folder}a.ipynb": "1", f"{folder}timestamp.txt": "1970"}), into
    ) == {"ada": ("new", "")}
    assert states(download(**{f"{folder}a.ipynb": "1"}), into) == {"ada": ("same", "")}
    assert states(download(**{f"{folder}a.ipynb": "2"}), into) == {"ada": ("changed", "")}
    assert [p.name for p in (into / "ada" / "01").iterdir()] == ["01.ipynb"]


def test_a_zip_in_the_zip_is_opened_once(download, tmp_path):
    inner = download(**{"my/01.ipynb": "mine", "__MACOSX/._01.ipynb": "x", "more.zip": "no"})
    data = inner.read_bytes()
    outer = download(**{"kingada_17_100_work.zip": data, "nunezjose_18_1_work.zip": b"broken"})
    said = states(outer, tmp_path / "submitted")
    assert said["ada"] == ("new", "")
    assert said["jose"][0] == "refused"
    assert "work.zip is no zip" in said["jose"][1]
    assert (tmp_path / "submitted/ada/01/01.ipynb").read_text() == "mine"


def test_nothing_lands_outside(download, tmp_path):
    path = download(
        **{
            "../../evil_assignsubmission_file_/a.ipynb": "x",
            "../17_1_assignsubmission_file_/a.ipynb": "x",
            "ada/../../../a.ipynb": "x",
            "kingada_17_100_../../b.ipynb": "x",
        }
    )
    before = set(tmp_path.rglob("*"))
    assert {state for state, _ in states(path, tmp_path / "in" / "submitted").values()} <= {
        "refused"
    }
    assert set(tmp_path.rglob("*")) == before


def test_the_time_is_the_instructors_and_goes_with_its_version(download, tmp_path):
    into = tmp_path / "submitted"
    first = download(**{"kingada_17_100_nb.ipynb": "1", "x_99_300_nb.ipynb": "1"})
    times = {"ada": EARLY}
    done = list(collect(first, "01", into, ROSTER, times, LATE))
    assert {c.student: c.handed_in for c in done} == {"ada": EARLY, "x_99": LATE}
    assert (into / "ada/01/timestamp.txt").read_text() == EARLY
    by_number = list(collect(first, "01", into, ROSTER, {"17": LATE}, None))
    assert [(c.student, c.state, c.handed_in) for c in by_number] == [
        ("ada", "same", LATE),
        ("x_99", "same", LATE),  # nobody named another one: it still holds
    ]
    changed = download(**{"kingada_17_200_nb.ipynb": "2"})
    (one,) = collect(changed, "01", into, ROSTER)
    assert (one.state, one.handed_in) == ("changed", None)
    assert one.note == "The time of an earlier version was taken away; name the new one."
    assert not (into / "ada/01/timestamp.txt").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,when\n17,1", "has the columns id, when; expected are student, time."),
        ("", "has the columns nothing"),
        ("student,time\n17,tomorrow at nine or so", "line 2: 'tomorrow at nine or so' is no time"),
        ("student,time\n17,", "line 2: '' is no time"),
        ("student,time\n17,2026-12-24 11:30 PM", "line 2: '2026-12-24 11:30 PM' is no time"),
        (f"student,time\n17,{EARLY}\n17,{LATE}", "has two times for '17'"),
    ],
)
def test_a_list_of_times_that_is_none_is_one_sentence(tmp_path, text, said):
    path = tmp_path / "times.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        read_times(path)


def test_times_are_read_with_a_zone_and_without(tmp_path):
    path = tmp_path / "times.csv"
    rows = "17,2026-12-24 13:00:00 +0100\nada,2026-12-24T12:00:00Z\nx_9, 2026-12-24 12:00 \n"
    rows += "18,2026-12-24 13:00 CET\n"
    path.write_text(f"\ufeffstudent,time\n{rows}", encoding="utf-8")
    assert dict(read_times(path)) == dict.fromkeys(("17", "ada", "x_9", "18"), EARLY)


def test_the_command_uses_the_roster(a_class, download, capsys):
    with Gradebook(a_class.course.db_url) as gradebook:
        gradebook.add_student("ada", lms_user_id="17")
    path = download(**{"kingada_17_1_n.ipynb": json.dumps(a_class.right()), "x_9_1_n.ipynb": ""})
    words = ["collect", str(path), "--lesson", a_class.lesson, "--course", str(a_class.folder)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "x_9: Not in the roster." in said
    assert "2 without a time of handing in" in said
    assert not a_class.path("ada").with_name("timestamp.txt").exists()
    assert main([*words, "--handed-in", EARLY]) == 0
    assert "without a time" not in capsys.readouterr().out
    assert a_class.path("ada").with_name("timestamp.txt").read_text() == EARLY
    assert a_class.path("ada").is_file()
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["collected"]
    assert [(one["student"], one["state"]) for one in told] == [("ada", "same"), ("x_9", "same")]
    path.write_text("no zip")
    assert main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--handed-in", "late"])
    assert stopped.value.code == 2
    assert "'late' is no time; expected is one like" in capsys.readouterr().err
