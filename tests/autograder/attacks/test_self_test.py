"""The doctor attacks a sandbox that holds, and notices one that does not."""

import json

import pytest

from autograder.attacks import self_test as doctor
from autograder.attacks.self_test import read_probes, require, self_test
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


def test_a_sandbox_that_does_not_start_is_said_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "sandbox", lambda name: Broken())
    assert main(["doctor"]) == 2
    said = capsys.readouterr().err
    assert "does not start" in said
    with pytest.raises(NoSandbox):
        require("broken")
    require("none")
