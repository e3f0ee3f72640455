"""The command line: exit codes, one sentence for wrong use, one grader at a time."""

import json
import os

import psutil
import pytest

from autograder.cli import main
from autograder.commands.grade import EPILOG


def grade(c, *more):
    return main(["grade", str(c.folder / "submitted"), *more])


def test_an_empty_class_is_no_error(a_class, capsys):
    assert grade(a_class) == 0
    assert "There is no submission" in capsys.readouterr().out


def test_what_could_not_be_graded_is_listed_and_the_exit_code_is_one(a_class, capsys):
    a_class.submit("ada", b"")
    assert grade(a_class) == 1
    out = capsys.readouterr().out
    assert "ada / 97_tiny: malformed. The notebook file is empty." in out
    assert grade(a_class, "--json") == 1
    told = json.loads(capsys.readouterr().out)["submissions"]
    assert [(s["student"], s["verdict"], s["score"]) for s in told] == [("ada", "malformed", None)]
    assert "seed" not in told[0]


def test_a_file_name_does_not_steer_the_terminal(a_class, capsys):
    path = a_class.submit("ada", b"")
    (path.parent / "a\x1b[2Jb.txt").write_text("")
    path.rename(path.with_name("\x1b[31mred.ipynb"))
    assert grade(a_class) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "?[31mred.ipynb" in out


def test_flags_are_told_once_with_whose_they_are_and_what_to_do(a_class, capsys):
    for student in ("ada", "ben"):
        evil = "\nimport subprocess\nimport ctypes" if student == "ben" else "\nimport ctypes"
        answers = {"a1": a_class.answers["97.1"] + evil, "a2": a_class.answers["97.2"]}
        a_class.submit(student, a_class.answered(**answers))
    assert grade(a_class) == 0
    rows = capsys.readouterr().out.splitlines()
    at = rows.index("2 submissions are flagged, for you to look at:")
    assert rows[at + 1] == "  A cell uses machine code. ada / 97_tiny, ben / 97_tiny"
    assert rows[at + 2] == "  A cell starts a program. ben / 97_tiny"
    assert rows[at + 3].startswith("A flag takes no points.")


def test_records_may_be_kept_elsewhere(a_class, tmp_path, capsys):
    a_class.submit("ada", a_class.right())
    elsewhere = tmp_path / "kept"
    assert grade(a_class, "--records", str(elsewhere)) == 0
    assert [path.parent.name for path in elsewhere.glob("*/*.json")] == ["ada"]
    assert not (a_class.folder / "records").exists()
    assert main(["report", "--course", str(a_class.folder), "--records", str(elsewhere)]) == 0
    assert "ada" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grade"], "SUBMISSIONS"),
        (["grade", "x", "--timeout", "0"], "expected is 1 or more"),
        (["grade", "x", "--seed", "-1"], "is negative"),
        (["grade", "x", "--seed", "one"], "invalid"),
        (["grace"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_wrong_use_is_exit_code_two(words, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["grade", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_gradebook_that_cannot_be_opened_is_said(a_class, capsys):
    a_class.submit("ada", b"")
    url = f"sqlite:///{a_class.folder}/no/such/folder/gradebook.db"
    assert grade(a_class, "--gradebook", url) == 2
    assert "cannot be opened" in capsys.readouterr().err


def test_a_relative_gradebook_lies_where_the_command_was_given(a_class, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    a_class.submit("ada", b"")
    assert grade(a_class, "--gradebook", "sqlite:///mine.db") == 1
    assert [path.name for path in here.iterdir()] == ["mine.db"]
    assert str(here / "mine.db") in (a_class.folder / "nbgrader_config.py").read_text()
    assert "mine.db" not in [path.name for path in a_class.folder.iterdir()]


def test_a_second_grader_waits(a_class, capsys):
    parent = psutil.Process(os.getppid())
    lock = a_class.folder / ".grading.lock"
    lock.write_text(f"{parent.pid} {parent.create_time()}")
    assert grade(a_class) == 2
    assert f"Process {parent.pid} is grading" in capsys.readouterr().err
    assert lock.exists()


@pytest.mark.parametrize(
    "left",
    [
        f"{2**22 + 1} 1.0",  # beyond the largest process id of Linux
        f"{os.getppid()} 1.0",  # the number is in use again, by a process that started later
        "",
        "nonsense",
    ],
)
def test_a_lock_that_a_dead_grader_left_does_not_count(a_class, left):
    lock = a_class.folder / ".grading.lock"
    lock.write_text(left)
    assert grade(a_class) == 0
    assert not lock.exists()


def test_help_has_an_example_exit_codes_and_says_what_is_not_stopped(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    out = capsys.readouterr().out
    for words in ("example:", "exit codes:", "what is not stopped"):
        assert words in out
    assert EPILOG in out


@pytest.mark.parametrize(
    "command",
    [
        "build",
        "lint",
        "release",
        "collect",
        "feedback",
        "report",
        "demo",
        "doctor",
        "attack-suite",
        "kernel",
    ],
)
def test_every_command_has_help_with_an_example_and_exit_codes(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "example:" in out or "examples:" in out
    assert "exit codes:" in out
