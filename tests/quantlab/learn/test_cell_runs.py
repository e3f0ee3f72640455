"""Answers from before: what a kernel's events say about them, seen in IPython itself."""

import subprocess
import sys
import textwrap

import pytest

from quantlab.learn.cell_runs import CellRuns, Stale, defined_names


def run_cells(*cells):
    """A CellRuns that saw these (cell id, source, error, namespace after)."""
    runs, names = CellRuns(), {}
    for cell, source, error, after in cells:
        runs.starts(source, names)
        names = {**names, **after}
        runs.ends(source, names, cell, error)
    return runs


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    y = 1\n    return y", {"f"}),
        ("a, b = 1, 2\nc = d = 3", {"a", "b", "c", "d"}),
        ("%matplotlib inline\nif True:\n    e = 1", {"e"}),
        ("def f(x:\n    return x", {"f"}),
        ("my_scale = 0,0231\nother = 1", {"my_scale", "other"}),
        ("x == 1\nprint(", set()),
        (
            "import os.path, numpy as np\nfrom math import pi, tau as turn",
            {"os", "np", "pi", "turn"},
        ),
    ],
)
def test_the_names_that_a_cell_defines_or_looks_like_defining(source, names):
    assert defined_names(source) == names


def test_a_cell_that_failed_before_it_defined_the_name_leaves_the_old_one():
    first = ("a", "x = 1", "", {"x": object()})
    assert run_cells(first).stale(["x"]) is None
    failed = run_cells(first, ("a", "x = 0,5 +", "SyntaxError", {}))
    assert failed.stale(["x"]) == Stale("x", "SyntaxError")
    assert failed.stale(["other"]) is None
    mended = run_cells(first, ("a", "x = 0,5 +", "SyntaxError", {}), ("a", "x = 2", "", {"x": 2}))
    assert mended.stale(["x"]) is None


def test_an_error_after_the_definition_leaves_the_new_one():
    runs = run_cells(
        ("a", "def f(): ...", "", {"f": object()}),
        ("a", "def f(): ...\nf(1)", "TypeError", {"f": object()}),
    )
    assert runs.stale(["f"]) is None


def test_a_cell_that_defines_another_name_now_has_left_the_old_one_behind():
    first = ("a", "def quantize(x): ...", "", {"quantize": object()})
    renamed = ("a", "def quantise(x): ...", "", {"quantise": object()})
    assert run_cells(first, renamed).stale(["quantize"]) == Stale("quantize")
    elsewhere = ("b", "def quantize(x): ...", "", {"quantize": object()})
    assert run_cells(first, renamed, elsewhere).stale(["quantize"]) is None
    assert run_cells(first, ("b", "y = 1", "", {"y": 1})).stale(["quantize"]) is None


def test_a_front_end_without_cell_ids_still_tells_of_failures():
    runs = run_cells((None, "x = 1", "", {"x": 1}), (None, "x = (", "SyntaxError", {}))
    assert runs.stale(["x"]) == Stale("x", "SyntaxError")
    assert (
        run_cells((None, "x = 1", "", {"x": 1}), (None, "y = 1", "", {"y": 1})).stale("x") is None
    )


def test_the_cell_that_checks_may_define_the_answer_itself():
    runs = run_cells(("a", "x = (", "SyntaxError", {}))
    runs.starts("x = 1\ncheck('1.1')", {})
    assert runs.stale(["x"]) is None


def test_a_cell_that_starts_as_another_ends_was_queued_behind_it(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("quantlab.learn.cell_runs.time.monotonic", lambda: clock[0])
    runs = CellRuns()
    runs.starts("1", {})
    assert not runs.queued
    runs.ends("1", {}, "a", "")
    clock[0] += 0.01
    runs.starts("2", {})
    assert runs.queued
    runs.ends("2", {}, "b", "")
    clock[0] += 1.0
    runs.starts("3", {})
    assert not runs.queued


NOTEBOOK = """
import time
from types import SimpleNamespace

from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()


def run(source, cell):
    return shell.run_cell(source, cell_id=cell).result


def say(title, source="check('1.1')", cell="check"):
    print(title, "|", run(source, cell).heading, flush=True)


run("import numpy as np\\nfrom quantlab.learn import check, hint", "imports")
# A clock of its own: cells follow each other at once however busy the machine is.
from quantlab.learn import cell_runs
clock = [time.monotonic()]
cell_runs.time = SimpleNamespace(monotonic=lambda: clock[0])
run("my_scale, my_zero_point, my_q = 0.0231, 39, 52", "answer")
say("right")
run("my_scale = 0,0231\\nmy_zero_point, my_q = 39, 52", "answer")
say("comma")
run("my_scale, my_zero_point, my_q = 0.0231, 39, unknown", "answer")
say("name error")
run("my_scael, my_zero_point, my_q = 0.0231, 39, 52", "answer")
say("renamed")
say("same cell", "my_scale, my_zero_point, my_q = 0.0231, 39, 52\\ncheck('1.1')", "both")
say("hint in a row", "hint('1.1')", "hint")
clock[0] += 1.0
say("hint alone", "hint('1.1')", "hint")
say("hint in a row", "hint('1.1')", "hint")
clock[0] += 1.0
say("hint alone", "hint('1.1')", "hint")
"""


def test_in_ipython_a_check_says_that_the_answer_is_from_before(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NOTEBOOK)],
        text=True,
        capture_output=True,
        check=True,
    )
    said = [line.split(" | ") for line in done.stdout.splitlines() if " | " in line]
    assert said == [
        ["right", "Correct — 3 of 3 points — 1.1 · One range on paper"],
        ["comma", "The last run failed — 1.1 · One range on paper"],
        ["name error", "The last run failed — 1.1 · One range on paper"],
        ["renamed", "Not defined any more — 1.1 · One range on paper"],
        ["same cell", "Correct — 3 of 3 points — 1.1 · One range on paper"],
        ["hint in a row", "Nothing to show"],
        ["hint alone", "Hint 1 of 3 — 1.1 · One range on paper"],
        ["hint in a row", "Hint 1 of 3 — 1.1 · One range on paper"],
        ["hint alone", "Hint 2 of 3 — 1.1 · One range on paper"],
    ]
