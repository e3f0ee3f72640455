"""The autograder's README: each claim names a test and cases that are there."""

import json
import re
from pathlib import Path

from autograder.attacks.case import CASES, read_cases
from autograder.judging.flaky import AGAIN, AGAIN_SHARE
from autograder.publishing.correlation import FEWEST, FEWEST_FOR_INTERVAL
from autograder.running.session import LOOK_SECONDS, WALL_TIMES
from autograder.running.settings import Settings
from benchmarks import grading, whole_class
from benchmarks.__main__ import RESULTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)`", TEXT)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_case_that_is_named_is_there():
    groups = re.findall(r"cases/(\w+)\.yaml", TEXT)
    assert set(groups) == {path.stem for path in CASES.glob("*.yaml")}
    names = {case.name for case in read_cases()}
    assert {"opens-connections", "lives-on", "hidden-cases-kept"} <= names
    assert any(name.startswith("ready-made-") for name in names)


def test_how_often_chance_is_asked_is_what_the_grader_does():
    assert f"run {AGAIN} times more" in TEXT
    assert f"1 of {2**AGAIN} submissions" in TEXT  # 2 * 0.5 ** (1 + AGAIN): all right or all wrong
    assert AGAIN_SHARE == 1 / 8
    assert "an eighth of its time" in TEXT


def test_the_limits_are_those_of_the_settings():
    s = Settings()
    assert f"{s.cell_seconds:g} s of CPU time" in TEXT
    assert WALL_TIMES == 3
    assert f"{s.submission_seconds:g} s and {s.memory_mib / 1024:g} GiB" in TEXT
    assert f"{s.processes} processes" in TEXT
    assert f"{s.stop_bytes / 1e6:g} MB of output" in TEXT
    assert f"every {1000 * LOOK_SECONDS:g} ms" in TEXT


WORDS = ["nobody", "one", "two", "three", "four", "five", "six"]


def test_what_few_learners_hide_is_what_the_report_hides():
    text = " ".join(TEXT.split())
    few, next_to_few = WORDS[FEWEST - 1], WORDS[FEWEST]
    assert f"no number stands for one to {few} people" in text
    assert f"told as if {next_to_few} had it not" in text
    assert f"from {FEWEST_FOR_INTERVAL} submissions on with its 95 % interval" in text


def test_its_figures_are_the_benchmarks():
    kept = {
        name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("grading", "whole_class")
    }
    text = " ".join(TEXT.split())
    assert f"On {kept['grading']['machine']['cores']} cores:" in text
    for lesson, one in kept["grading"]["lessons"].items():
        assert grading.sentence(lesson, one) in text
    assert whole_class.sentence(kept["whole_class"]) in text
