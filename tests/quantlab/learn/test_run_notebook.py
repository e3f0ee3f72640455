"""Notebooks are really run in fresh kernels: errors, endless loops, dying kernels, Ctrl-C."""

import json
import signal
import threading

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from quantlab.learn.notebook_results import results
from quantlab.learn.run_notebook import (
    NotebookError,
    NotebookRun,
    read_notebook,
    run_notebook,
)
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.verdict import Judgement, Verdict

# A check as a notebook knows it: it shows a card and, with it, the judgement as data.
CHECK = """
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Judgement, Verdict

def check(id):
    seen = globals().get("answer")
    verdict = Verdict.CORRECT if seen == 42 else Verdict.INCORRECT
    return judgement_card(Judgement(id, "T", verdict, 3.0 * (seen == 42), 3.0, cause="Why 41?"))
"""
STUBBORN = """
import time
while True:
    try:
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("no")
"""


def exercise(id_, kind="function"):
    return Exercise(id_, f"Title {id_}", kind, 3.0, 1, 1, 5, "answer", ("", "", ""))


def write(folder, *cells, name="01_x.ipynb"):
    path = folder / name
    notebook = new_notebook(cells=[new_markdown_cell("# Lesson"), *map(new_code_cell, cells)])
    nbformat.write(notebook, path)
    return path


def test_judgements_errors_and_missing_checks(tmp_path):
    (tmp_path / "beside.txt").write_text("42")
    path = write(
        tmp_path,
        CHECK,
        "answer = 41",
        'check("1.1")',
        "1 / 0",
        "answer = int(open('beside.txt').read())",
        'check("1.2")',
        'check("1.3"); None',
        'answer = undefined\ncheck("1.4")',
        'check("quiz")',
    )
    before = path.read_bytes()
    seen = []
    run = run_notebook(path, on_cell=lambda position, total: seen.append((position, total)))
    assert path.read_bytes() == before
    assert seen == [(position, 10) for position in range(10)]
    assert run.why_stopped is None
    assert run.errors[4] == ("ZeroDivisionError", "division by zero")

    lines = results(run, [exercise(f"1.{n}") for n in range(1, 6)])
    assert [(line.exercise, line.verdict) for line in lines] == [
        ("1.1", Verdict.INCORRECT),
        ("1.2", Verdict.CORRECT),
        ("1.3", Verdict.MISSING),
        ("1.4", Verdict.ERROR),
        ("1.5", Verdict.MISSING),
        ("quiz", Verdict.CORRECT),
    ]
    assert [line.points for line in lines] == [0, 3, 0, 0, 0, 3]
    assert lines[0].next_step == "Why 41?"
    assert "last line" in lines[2].next_step
    assert "NameError" in lines[3].next_step
    assert 'check("1.5")' in lines[4].next_step
    assert json.dumps([line.to_dict() for line in lines])


def test_an_endless_loop_costs_one_cell(tmp_path):
    path = write(
        tmp_path,
        CHECK,
        "answer = 42",
        'while True: pass\ncheck("1.1")',
        'check("1.2")',
    )
    run = run_notebook(path, cell_seconds=2)
    one, two = results(run, [exercise("1.1"), exercise("1.2")])
    assert (one.verdict, two.verdict) == (Verdict.TIMEOUT, Verdict.CORRECT)
    assert "longer than 2 s" in one.next_step


def test_a_loop_that_ignores_the_interrupt_ends_the_run(tmp_path, new_kernels):
    path = write(tmp_path, CHECK, "answer = 42", 'check("1.1")', STUBBORN, 'check("1.2")')
    run = run_notebook(path, cell_seconds=1)
    assert run.why_stopped is Verdict.TIMEOUT
    assert run.stopped_at == 4
    one, two = results(run, [exercise("1.1"), exercise("1.2")])
    assert (one.verdict, two.verdict) == (Verdict.CORRECT, Verdict.TIMEOUT)
    assert "stopped answering in cell 5" in two.next_step
    assert new_kernels() == []


def test_a_dying_kernel_keeps_what_was_judged(tmp_path):
    path = write(
        tmp_path, CHECK, "answer = 42", 'check("1.1")', "import os; os._exit(7)", 'check("1.2")'
    )
    run = run_notebook(path)
    one, two = results(run, [exercise("1.1"), exercise("1.2")])
    assert (one.verdict, two.verdict) == (Verdict.CORRECT, Verdict.KERNEL_DIED)
    assert "died in cell 5" in two.next_step


def test_old_outputs_do_not_count(tmp_path):
    path = write(tmp_path, "pass")
    notebook = nbformat.read(path, as_version=4)
    said = Judgement("1.1", "T", Verdict.CORRECT, 3.0, 3.0).to_dict()
    data = {"application/vnd.quantlab.judgement+json": said}
    notebook.cells[1].outputs = [new_output("display_data", data)]
    nbformat.write(notebook, path)
    assert read_notebook(path).cells[1].outputs == []


def test_a_written_answer_is_fine_when_it_is_there():
    said = {"exercise": "2.5", "verdict": "inconclusive", "points": 0}
    run = NotebookRun(None, judgements={"2.5": said})
    (line,) = results(run, [exercise("2.5", "written")])
    assert line.fine
    (line,) = results(run, [exercise("2.5")])
    assert not line.fine
    (line,) = results(NotebookRun(None), [exercise("2.5", "written")])
    assert not line.fine


def test_a_word_of_another_version_counts_as_undecided():
    run = NotebookRun(None, judgements={"2.5": {"exercise": "2.5", "verdict": "brilliant"}})
    assert results(run, [exercise("2.5")])[0].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "content",
    ["", "not json", "[]", "{}", '{"nbformat": 4, "nbformat_minor": 5, "cells": [{}]}', "\x00"],
)
def test_a_file_that_is_no_notebook_gets_one_sentence(tmp_path, content):
    path = tmp_path / "01_x.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=r"is not a notebook that Jupyter can run .*JupyterLab"):
        run_notebook(path)


def test_a_missing_file_gets_one_sentence(tmp_path):
    with pytest.raises(NotebookError, match=r"Cannot read .*No such file"):
        run_notebook(tmp_path / "01_x.ipynb")


def test_an_error_of_the_caller_is_not_swallowed(tmp_path, new_kernels):
    def on_cell(position, total):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run_notebook(write(tmp_path, "pass"), on_cell=on_cell)
    assert new_kernels() == []


def test_control_c_stops_the_run_and_the_kernel(tmp_path, new_kernels):
    def on_cell(position, total):
        if position == 1:
            seen.extend(new_kernels())
            signal.raise_signal(signal.SIGINT)

    seen = []
    with pytest.raises(KeyboardInterrupt):
        run_notebook(write(tmp_path, "import time; time.sleep(600)"), on_cell=on_cell)
    (kernel,) = seen
    assert not kernel.is_running()
    assert "notebook-run" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def new_kernels():
    """The kernels started since the test began; the browser tests keep others alive beside us."""
    before = set(kernels())
    return lambda: [kernel for kernel in kernels() if kernel not in before]


def kernels():
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "ipykernel" in " ".join(child.cmdline())
    ]
