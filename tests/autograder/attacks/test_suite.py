"""Every case of the attack suite is as it must be, and the suite notices where one is not."""

import json
import os
from dataclasses import replace

import pytest

from autograder.attacks.case import Expected, read_cases
from autograder.attacks.peer import kept_results
from autograder.attacks.trial import SETTINGS, try_all, try_one
from autograder.cli import main

CASES = {case.name: case for case in read_cases()}
#: The issue's list of kinds runs from 1 to 60; these are tested where they belong.
ELSEWHERE = {21, 47, 48, 49, 50, 51, 53, 54, 55, 56, 57, 60}


@pytest.fixture(scope="module")
def tried():
    return {case.name: t for case, t in try_all(CASES.values(), "bubblewrap", 7, os.cpu_count())}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_as_expected(tried, name):
    assert tried[name].problems == ()


def test_every_kind_of_the_list_has_a_case():
    assert {case.number for case in CASES.values()} | ELSEWHERE == set(range(1, 61))


def test_a_kept_result_of_nbgrader_is_of_a_case_that_is_there():
    assert kept_results().keys() <= CASES.keys()


def test_a_case_that_is_not_as_expected_is_a_failure():
    case = replace(CASES["right"], expected=Expected(0.0, secret="correct"))
    problems = try_one(case, replace(SETTINGS, seed=7)).problems
    assert problems[0].startswith("score 23.0, expected 0.0")
    assert problems[1] == "'correct' stands in the output"


def test_one_json_object_and_an_exit_code(capsys):
    assert main(["attack-suite", "--json", "--case", "empty", "--case", "link"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["cases"], told["as_expected"]) == (True, 2, 2)
    assert told["failures"] == []
    assert isinstance(told["nbgrader_as_expected"], int)
    assert main(["attack-suite", "--case", "nobody"]) == 2
