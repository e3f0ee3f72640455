"""A cell that needs the installed course says so; what hangs on it too; all else stays red."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from quantlab.base import browser
from quantlab.learn import doctor, in_browser
from quantlab.learn.cell_runs import CellRuns


@pytest.fixture
def run(capsys):
    """Runs cells in a shell that explains; returns what they printed and showed."""
    shell = InteractiveShell()
    runs = CellRuns()
    in_browser.explain_in(shell, runs)

    def run(source):
        runs.starts(source, shell.user_ns)
        result = shell.run_cell(source)
        fault = result.error_in_exec
        runs.ends(source, shell.user_ns, None, type(fault).__name__ if fault else "")
        return capsys.readouterr().out

    yield run
    InteractiveShell.clear_instance()


@pytest.fixture
def left_out(tmp_path, monkeypatch):
    """What the build of the page writes."""
    file = tmp_path / "left_out.txt"
    file.write_text("quantlab.deploy\nquantlab.learn.record.make")
    monkeypatch.setattr(browser, "LEFT_OUT", file)


MISSING = "raise ModuleNotFoundError('No module', name='{}')\nnet = 1"


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [
        ("onnx", "onnx"),
        ("onnxruntime.quantization", "onnxruntime.quantization"),
        ("quantlab.deploy", "deploy"),
        ("quantlab.learn.record.make", "make"),
    ],
)
def test_what_only_the_installed_course_has_is_said_in_a_sentence(run, left_out, name, said_of_it):
    said = run(MISSING.format(name))
    assert in_browser.HEADING in said
    assert f"A browser tab has no `{said_of_it}`" in said
    assert "Traceback" not in said


def test_a_slip_in_a_name_of_the_course_stays_an_error(run, left_out):
    said = run("import quantlab.numeriks")
    assert "Traceback" in said
    assert in_browser.HEADING not in said


def test_so_is_a_name_that_such_a_cell_would_have_made_and_what_follows_from_that(run):
    run(MISSING.format("onnx"))
    assert "`net` comes from a cell that runs in the installed course" in run("size = net + 1")
    assert "`size` comes from a cell" in run("print(size)")


def test_so_is_a_name_that_such_a_cell_would_have_imported(run):
    run(MISSING.format("onnx") + "\nfrom math import tau\nimport os.path as place")
    assert "`tau` comes from a cell that runs in the installed course" in run("print(2 * tau)")
    assert "`place` comes from a cell" in run("place.join('a', 'b')")


@pytest.mark.parametrize("source", ["print(nett)", "import numpyy", "1 / 0"])
def test_every_other_error_stays_an_error(run, source):
    run(MISSING.format("onnx"))
    said = run(source)
    assert "Traceback" in said
    assert in_browser.HEADING not in said


def test_a_name_that_was_made_since_is_no_longer_missing(run):
    run(MISSING.format("onnx"))
    assert run("net = 4\nprint(net)").strip() == "4"


def test_the_doctor_looks_at_what_a_tab_has(monkeypatch):
    monkeypatch.setattr(doctor, "IN_BROWSER", True)
    assert [line.name for line in doctor.diagnose()] == ["Python", "packages", "progress"]
