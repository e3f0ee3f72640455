"""The `quantlab` command as a learner types it: what it prints and how it exits."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from quantlab.learn import cli
from quantlab.learn.course import LessonNotebook, find_lesson
from quantlab.learn.progress import open_progress
from quantlab.lessons.catalogue import all_exercises
from quantlab.teach.judging.verdict import Judgement, Verdict

CHECK = """
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Judgement, Verdict

def check(id, verdict=Verdict.CORRECT):
    points = 3.0 * (verdict is Verdict.CORRECT)
    return judgement_card(Judgement(id, "[T]", verdict, points, 3.0, next_step="Try again."))
"""


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    """A course with three notebooks; lesson 98 has no exercises of its own."""
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    root = tmp_path / "course"
    write(root, "98_right", CHECK, 'check("a")')
    write(root, "99_wrong", CHECK, 'check("a")', 'check("b", Verdict.INCORRECT)')
    write(root, "01_scale_and_zero_point", "pass")
    (root / "pyproject.toml").write_text("")
    monkeypatch.chdir(root)
    return root


def write(root, name, *cells):
    folder = root / "notebooks" / name
    folder.mkdir(parents=True)
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, folder / f"{name}.ipynb")


def said(verdict, points, exercise="1.1"):
    return Judgement(exercise, "T", verdict, points, 3.0)


def test_every_command_has_help_with_an_example_and_exit_codes(capsys):
    for command in (
        "start",
        "status",
        "progress export",
        "reset",
        "doctor",
        "check",
        "record",
        "ask",
    ):
        with pytest.raises(SystemExit) as end:
            cli.main([*command.split(), "--help"])
        assert end.value.code == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert f"Example: quantlab {command}" in shown
        assert "Exit 0" in shown


def test_a_wrong_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["strat"])
    assert end.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_status_shows_progress_and_the_next_step(capsys):
    progress = open_progress()
    progress.record(said(Verdict.INCORRECT, 1))
    progress.record(said(Verdict.CORRECT, 3))
    progress.record(said(Verdict.NOT_ATTEMPTED, 0, "1.2"))
    progress.take_hint("1.2")
    progress.open_solution("1.2")
    progress.record_quiz("quick_test", 6, 9, {})
    progress.record_quiz("quick_test", 8, 9, {})
    assert cli.main(["status"]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    (passed,) = (line for line in lines if " 1.1 " in line)
    assert re.search(r"✓ done +1\.1 .* 3/3 +2 +0 +correct", passed)
    (tried,) = (line for line in lines if " 1.2 " in line and "open" in line)
    assert re.search(r"0/\d+ +0 +1 \+ sol\. +not attempted", tried)
    assert re.search(r"quick_test +8/9 +2", shown)
    first = all_exercises()[0]
    assert re.search(rf"Start with {first.id}\b", " ".join(shown.split()))


def test_a_written_answer_is_the_learners_to_judge(course, capsys):
    written = next(e for e in all_exercises() if e.kind == "written")
    name = f"{written.lesson:02d}_written"
    write(course, name, CHECK, f'check("{written.id}", Verdict.INCONCLUSIVE)')
    assert cli.main(["check", name]) == 1  # the lesson's other exercises are missing
    shown = capsys.readouterr().out
    assert re.search(rf"{re.escape(written.id)} .*yours to judge", shown)
    assert ", 1 yours to judge: 0/" in shown
    open_progress().record(said(Verdict.INCONCLUSIVE, 0, written.id))
    assert cli.main(["status"]) == 0
    assert re.search(rf"{re.escape(written.id)} .*yours to judge", capsys.readouterr().out)


def test_status_as_json(capsys):
    open_progress().record(said(Verdict.CORRECT, 3))
    open_progress().record_quiz("quick_test", 6, 9, {})
    assert cli.main(["status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert [row["exercise"] for row in status["exercises"]] == [e.id for e in all_exercises()]
    (row,) = (row for row in status["exercises"] if row["exercise"] == "1.1")
    assert (row["done"], row["points"], row["last_verdict"]) == (True, 3.0, "correct")
    assert status["points"] == 3.0
    assert status["quizzes"] == [
        {"quiz": "quick_test", "points": 6.0, "max_points": 9.0, "runs": 1}
    ]


def test_a_progress_file_out_of_reach_is_said_on_stderr(tmp_path, capsys):
    (tmp_path / "home").write_text("not a folder")
    assert cli.main(["status", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)
    assert "cannot write the progress file" in shown.err


def test_export_and_reset(tmp_path, capsys):
    open_progress().record(said(Verdict.CORRECT, 3))
    open_progress().take_hint("1.1")
    open_progress().record_quiz("quick_test", 6, 9, {})
    file = tmp_path / "out.json"
    assert cli.main(["progress", "export", str(file)]) == 0
    assert json.loads(file.read_text("utf-8"))["exercises"]["1.1"]["passed"]
    assert f"to {file}." in capsys.readouterr().out
    assert cli.main(["progress", "export", str(file), "--for-items"]) == 0
    assert "Nothing was sent." in capsys.readouterr().out
    assert json.loads(file.read_text("utf-8"))["for"] == "items"
    assert cli.main(["progress", "export", str(tmp_path / "no" / "out.json")]) == 2
    assert "choose another place" in capsys.readouterr().err

    assert cli.main(["reset", "1.1"]) == 0
    assert cli.main(["reset", "1.1"]) == 0
    assert cli.main(["reset", "quick_test"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Removed 2 rows of 1.1: it is new again.",
        "There was nothing to remove: 1.1 is new.",
        "Removed 1 row of quick_test: it is new again.",
    ]
    assert cli.main(["reset", "1.99"]) == 2
    assert "There is no exercise" in capsys.readouterr().err


def test_check_exits_by_what_it_found(course, capsys):
    assert cli.main(["check", "98"]) == 0
    shown = capsys.readouterr()
    assert re.search(r"a \[T\] +correct +3/3", shown.out)
    assert "1 of 1 is right: 3/3 points." in shown.out
    assert "98_right.ipynb in a fresh kernel" in shown.err

    notebook = course / "notebooks" / "99_wrong" / "99_wrong.ipynb"
    assert cli.main(["check", "99", "--json", "--notebook", str(notebook)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["notebook"], found["right"]) == (str(notebook), False)
    assert [(e["exercise"], e["verdict"]) for e in found["exercises"]] == [
        ("a", "correct"),
        ("b", "incorrect"),
    ]


def test_check_lists_the_exercises_that_a_notebook_lacks(capsys):
    assert cli.main(["check", "01"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    missing = [line for line in lines if re.search(r"^ ?1\.\d+ .*missing", line)]
    assert len(missing) == len([e for e in all_exercises() if e.lesson == 1])


def test_check_refuses_in_one_sentence(course, capsys):
    (course / "notebooks" / "broken.ipynb").write_text("{")
    write(course, "97_nothing", "pass")
    for arguments, sentence in (
        (["05"], 'no lesson "05"'),
        (["01", "--notebook", "absent.ipynb"], "Cannot read absent.ipynb"),
        (["01", "--notebook", "notebooks/broken.ipynb"], "is not a notebook"),
        (["97"], "has no checks"),
        (["01", "--cell-seconds", "0"], "1 second or more"),
    ):
        assert cli.main(["check", *arguments]) == 2
        *_, last = capsys.readouterr().err.splitlines()
        assert sentence in last


def test_control_c_during_a_check(course, capsys):
    write(course, "97_endless", "open('began', 'w').close()\nwhile True: pass")
    began = course / "notebooks" / "97_endless" / "began"

    def press():
        while not began.exists():
            time.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=press).start()
    assert cli.main(["check", "97"]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith("Stopped, ")


def test_doctor_on_a_sound_installation(capsys):
    assert cli.main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Ready to learn." in shown


def test_doctor_with_a_problem(tmp_path, capsys):
    (tmp_path / "home").write_text("not a folder")
    assert cli.main(["doctor", "--json"]) == 1
    lines = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert lines["progress"]["status"] == "problem"


def test_start_opens_jupyterlab_on_loopback_only(course):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "quantlab", "start", "01", "--no-browser", "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = ""
        while not address:
            line = process.stderr.readline()
            assert line, "JupyterLab ended before it gave its address"
            address = (re.findall(rf"http://127\.0\.0\.1:{port}/\S+", line) or [""])[0]
        page = "01_scale_and_zero_point/01_scale_and_zero_point.ipynb"
        assert f"/lab/tree/{page}?token=" in address
        contents = address.replace("/lab/tree/", "/api/contents/")
        wait_until(lambda: not cli._free(port), process)  # the address comes a moment earlier
        with urllib.request.urlopen(contents, timeout=300) as reply:
            assert json.load(reply)["path"] == page
        plugin = "api/settings/@jupyterlab/apputils-extension:notification"
        with urllib.request.urlopen(address.replace(f"tree/{page}", plugin), timeout=300) as reply:
            asked = json.load(reply)["schema"]["properties"]
        assert asked["fetchNews"]["default"] == "false"
        assert asked["checkForUpdates"]["default"] is False
        with urllib.request.urlopen(address, timeout=300) as reply:
            page = reply.read().decode()
        assert re.search(r'"disabledExtensions": \[[^]]*"@jupyter/nbgrader"', page)
        assert '"@jupyter-widgets/jupyterlab-manager"' in page  # the others are there
        assert cli.main(["start", "01", "--port", str(port)]) == 2  # it is taken now
    finally:
        process.terminate()
        process.communicate(timeout=300)


def test_what_jupyterlab_is_started_with(course, tmp_path):
    lesson = find_lesson("01")
    arguments = cli.lab_arguments(lesson, None, browser=True)
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert f"--ServerApp.root_dir={course / 'notebooks'}" in arguments
    assert not any("port" in a or "browser" in a for a in arguments)
    arguments = cli.lab_arguments(lesson, 9000, browser=False)
    assert {"--ServerApp.port=9000", "--ServerApp.port_retries=0", "--no-browser"} < set(arguments)

    loose = LessonNotebook("01_mine", 1, tmp_path / "01_mine.ipynb")
    arguments = cli.lab_arguments(loose, None, browser=True)
    assert f"--ServerApp.root_dir={tmp_path}" in arguments
    assert "--LabApp.default_url=/lab/tree/01_mine.ipynb" in arguments


def test_start_refuses_in_one_sentence(capsys):
    assert cli.main(["start", "05"]) == 2
    assert 'no lesson "05"' in capsys.readouterr().err
    assert cli.main(["start", "01", "--port", "70000"]) == 2
    assert "Port 70000" in capsys.readouterr().err


@pytest.mark.parametrize("unbuffered", ["", "1"])  # written at the end, or at once
def test_a_closed_pipe_is_no_error(course, unbuffered):
    process = subprocess.Popen(
        f'"{sys.executable}" -m quantlab status --json',
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=300) == 0


@pytest.mark.parametrize("command", [["--help"], ["status"]])
def test_the_command_loads_neither_torch_nor_onnx(command):
    script = (
        "import sys\nfrom quantlab.learn.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'onnx', 'onnxruntime', 'matplotlib', 'IPython', 'jupyterlab'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(there, process):
    while not there():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
