"""The doctor on this installation, and each finding provoked for real where that can be done."""

import json
import os
import sys
from pathlib import Path

import pytest

from quantlab.deploy.saturation.probe import Saturation
from quantlab.learn import doctor
from quantlab.learn.doctor import Line, diagnose, guarded


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_this_installation_is_ready():
    lines = diagnose()
    assert [line.name for line in lines] == list(doctor.PROBES)
    assert [line for line in lines if line.status == "problem"] == []
    for line in lines:
        assert line.found
        assert bool(line.fix) == (line.status != "ok"), line
        json.dumps(line.to_dict())


def test_a_failing_probe_becomes_a_problem_line():
    def fails():
        raise RuntimeError("first line\nsecond line")

    line = guarded("thing", fails)
    assert (line.name, line.status) == ("thing", "problem")
    assert line.found == "The probe failed: RuntimeError: first line"
    assert line.fix

    def silent():
        raise RuntimeError

    assert "no reason given" in guarded("thing", silent).found


def test_an_old_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (sys.version_info[0] + 1, 0))
    assert doctor.python().status == "problem"


@pytest.fixture
def metadata(tmp_path, monkeypatch):
    """Puts another `quantlab` distribution, with these requirements, in front of ours."""

    def install(*requirements):
        info = tmp_path / "site" / "quantlab-0.0.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", "Name: quantlab", "Version: 0.0"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requirements]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(str(info.parent))

    return install


def test_another_version_is_a_warning(metadata):
    metadata("numpy==1.0", "pytest==0.1; extra == 'dev'")
    line = doctor.packages()
    assert line.status == "warning"
    assert line.found.endswith("is not ==1.0")
    assert "pytest" not in line.found


def test_a_missing_package_is_a_problem(metadata):
    metadata("numpy", "no-such-package-here==1.0")
    line = doctor.packages()
    assert (line.status, line.found) == ("problem", "no-such-package-here is missing")


def test_a_broken_kernelspec_is_a_problem(tmp_path, monkeypatch):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [str(tmp_path / "no-python"), "{connection_file}"]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "P", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    line = guarded("kernel", doctor.kernel)
    assert line.status == "problem"
    assert "no-python" in line.found


def test_what_a_kernel_may_answer(tmp_path):
    assert doctor._judge_kernel("2", sys.prefix).status == "ok"
    assert doctor._judge_kernel("3", sys.prefix).status == "problem"
    other = doctor._judge_kernel("2", str(tmp_path))
    assert other.status == "problem"
    assert str(tmp_path) in other.found


def test_an_extension_that_is_switched_off(tmp_path, monkeypatch):
    config = tmp_path / "labconfig"
    config.mkdir()
    off = {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager:plugin": True}}
    (config / "page_config.json").write_text(json.dumps(off))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    line = doctor.extensions()
    assert line.status == "problem"
    assert "jupyterlab-manager is switched off" in line.found
    assert "labextension enable @jupyter-widgets/jupyterlab-manager:plugin" in line.fix


def test_missing_extensions():
    widgets, nbgrader = doctor.EXTENSIONS
    line = doctor._judge_extensions({widgets: "5.0"}, set())
    assert line.status == "warning"
    assert "reinstall nbgrader" in line.fix
    line = doctor._judge_extensions({nbgrader: "0.9"}, set())
    assert line.status == "problem"
    assert "reinstall jupyterlab_widgets" in line.fix


def test_exact_and_saturating_arithmetic():
    right = Saturation("QLinearConv", 0, 1024, 127, 127)
    wrong = Saturation("MatMulInteger", 128, 128, 2_072_640, 1_048_544)
    assert doctor._judge_arithmetic([right]).status == "ok"
    line = doctor._judge_arithmetic([right, wrong])
    assert line.status == "warning"
    assert line.found == "saturates: MatMulInteger gives 1,048,544 where 2,072,640 is right"


def test_int8_without_speed_is_a_warning():
    assert doctor._judge_speed(1.3, 1.2, 1.4).status == "ok"
    line = doctor._judge_speed(1.3, 1.19, 1.4)
    assert line.status == "warning"
    assert "1.30×" in line.found


@pytest.mark.parametrize(
    ("limit", "status"),
    [(None, "ok"), ("2", "ok"), ("3", "warning"), ("0", "warning"), ("many", "warning")],
)
def test_threads(limit, status):
    assert doctor._judge_threads(4, 2, limit).status == status


@pytest.mark.parametrize(("gb", "status"), [(2.0, "ok"), (1.9, "warning"), (0.4, "problem")])
def test_room(gb, status):
    assert doctor._judge_room("memory", "x", gb, (2.0, 0.5), "fix").status == status


def test_a_container_may_leave_less_than_the_machine(tmp_path):
    assert doctor._room_in_container(900, tmp_path) == 900
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("300\n")
    assert doctor._room_in_container(900, tmp_path) == 900
    (tmp_path / "memory.max").write_text("500\n")
    assert doctor._room_in_container(900, tmp_path) == 200


def test_a_file_where_the_progress_folder_should_be(home):
    home.write_text("not a folder")
    line = doctor.progress_file()
    assert line.status == "problem"
    assert "cannot write the progress file" in line.found


def test_no_home_is_a_problem_with_a_way_out(home, monkeypatch):
    for name in ("QUANTLAB_HOME", "HOME", "USERPROFILE", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7, raising=False)
    line = doctor.progress_file()
    assert line.status == "problem"
    assert "no home folder" in line.found
    assert "QUANTLAB_HOME" in line.fix
    assert str(Path.cwd()) in doctor.disk().found


def test_a_damaged_progress_file_is_a_warning(home):
    home.mkdir()
    (home / "progress.db").write_bytes(b"not a database " * 1000)
    line = doctor.progress_file()
    assert line.status == "warning"
    assert "damaged" in line.found
    assert doctor.progress_file().status == "ok"


def test_no_course_around_is_a_warning(monkeypatch):
    def lost():
        raise doctor.CourseNotFoundError("Change the folder.")

    monkeypatch.setattr(doctor, "course_root", lost)
    assert doctor.notebooks() == Line(
        "notebooks", "warning", "no course here", "Change the folder."
    )


def test_folders_that_cannot_be_written(tmp_path):
    line = doctor._judge_folder(tmp_path / "absent")
    assert line == Line(
        "notebooks",
        "problem",
        f"{tmp_path / 'absent'} cannot be written ({os.strerror(2)})",
        "Copy the course to a folder of your own.",
    )
