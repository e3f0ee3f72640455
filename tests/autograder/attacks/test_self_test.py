"""The doctor attacks a sandbox that holds, and notices one that does not."""

import json

import pytest

from autograder.attacks import self_test as doctor
from autograder.attacks.self_test import Probe, read_probes, require, self_test
from autograder.cli import main
from autograder.running.sandbox import NoSandbox, sandbox
from autograder.running.started import Launch, Program
from autograder.running.unsafe import Unsafe


class Leaky:
    """A sandbox in name only."""

    name = "leaky"
    caps = "watchdog"

    def __init__(self):
        self.inner = Unsafe()

    def start(self, limits):
        return self.inner.start(limits)


class Broken:
    name = "broken"
    caps = "watchdog"

    def start(self, limits):
        return Program(Launch(("/bin/false",)))


def test_the_sandbox_of_this_machine_holds(capsys):
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["caps"] == sandbox("bubblewrap").caps
    assert [p["name"] for p in told["probes"]] == [p.name for p in read_probes()]
    assert all(p["holds"] for p in told["probes"])


def test_a_sandbox_that_leaks_is_found_out(monkeypatch):
    monkeypatch.setattr(doctor, "sandbox", lambda name: Leaky())
    found = self_test("leaky", frozenset({"reads", "network"}))
    assert [(f.name, bool(f.problem)) for f in found] == [
        ("reads", True),
        ("network", True),
    ]
    with pytest.raises(NoSandbox, match="does not hold: files outside are not there"):
        require("leaky")


def test_a_library_that_is_missing_is_named_before_a_grading(monkeypatch):
    monkeypatch.setattr(doctor, "libraries", lambda: ("numpy", "matplot-nib", "torsch"))
    (found,) = self_test("bubblewrap", frozenset({"libraries"}))
    assert found.problem == "it did not run: missing: matplot-nib, torsch"
    with pytest.raises(NoSandbox, match="right answers stop with an ImportError, and it did not"):
        require("bubblewrap")


def test_an_honest_cell_that_stops_is_no_sandbox_that_holds(monkeypatch):
    broken = Probe("runs", "an honest cell runs", "import nothing_at_all", honest=True)
    monkeypatch.setattr(doctor, "read_probes", lambda: (broken,))
    (found,) = self_test("bubblewrap")
    assert found.problem.startswith("it did not run: ")
    assert "nothing_at_all" in found.problem


def test_a_sandbox_that_does_not_start_is_said_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "sandbox", lambda name: Broken())
    assert main(["doctor"]) == 2
    said = capsys.readouterr().err
    assert "does not start" in said
    with pytest.raises(NoSandbox):
        require("broken")
    require("none")
