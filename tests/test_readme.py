"""What README says is so: its numbers, its folders, its commands, its picture."""

import re
from pathlib import Path

import pytest

from autograder.cli import COMMANDS
from quantlab.learn.classroom import ATTEMPTS_BEFORE_SOLUTION
from quantlab.learn.cli import main
from quantlab.learn.exercise import all_exercises
from quantlab.learn.quiz import load_quiz

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
WORDS = {3: "three", 9: "nine"}


def test_its_numbers_are_the_projects() -> None:
    assert f"`quick_test` asks {WORDS[len(load_quiz('quick_test').questions)]} questions" in README
    assert f"the next of {WORDS[len(all_exercises()[0].hints)]} hints" in README
    assert f"after a pass or {WORDS[ATTEMPTS_BEFORE_SOLUTION]} attempts" in README
    samples = [path for path in (ROOT / "autograder" / "samples").iterdir() if path.is_dir()]
    assert f"on {WORDS[len(samples)]} sample submissions" in README


def test_what_it_names_is_there() -> None:
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / picture).is_file(), picture
    rows = [row.split("|")[1] for row in README.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(named) > 6
    for name in named:
        assert (ROOT / name).exists(), name


def test_each_section_for_a_user_is_short() -> None:
    for user in ("Learn", "Teach", "Practise alone"):
        section = re.search(rf"^## {user}\n(.*?)^## ", README, re.M | re.S)
        assert section, user
        assert len([row for row in section[1].splitlines() if row.strip()]) < 10, user


def test_its_commands_exist(capsys) -> None:
    for name in re.findall(r"^autograder (\w+)", README, re.M):
        assert name in COMMANDS, name
    for name in set(re.findall(r"`quantlab (\w+)", README)):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0, name
    assert "usage: quantlab" in capsys.readouterr().out
