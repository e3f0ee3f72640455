"""The page for instructors: its commands and options are those of the programs."""

import re
from pathlib import Path

import pytest

from autograder.cli import main

PAGE = (Path(__file__).parents[1] / "docs" / "class.md").read_text("utf-8")
LINES = re.findall(r"^autograder (\w+) (.*)$", PAGE, re.M)


@pytest.mark.parametrize("command", sorted({command for command, _ in LINES}))
def test_each_option_is_one_of_its_command(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    known = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    used = {option for name, rest in LINES if name == command for option in rest.split()}
    assert {option for option in used if option.startswith("--")} <= known


def test_it_names_every_command_of_a_class():
    assert {command for command, _ in LINES} == {
        *("build", "collect", "grade", "feedback", "report", "regrade", "merge"),
    }
