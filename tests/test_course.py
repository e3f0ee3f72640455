"""course.py run for real: in small projects of its own, with what goes wrong on real machines."""

import ast
import http.client
import json
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

import course
import course_setup

ROOT = Path(__file__).parents[1]

# A project as small as can be installed without any index: it carries its own build backend.
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1.0"
optional-dependencies = { dev = ["torch==1.0"], docs = [], lite = [] }
"""
BACKEND = """
import os, pathlib, time, zipfile

KIND = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
NAMES = ("ruff", "mypy", "autograder")
TOOLS = "[console_scripts]\\n" + "".join(f"{name} = tools:main\\n" for name in NAMES)

def build_editable(folder, config_settings=None, metadata_directory=None):
    if "SLOW" in os.environ:
        pathlib.Path("building").touch()
        time.sleep(600)
    with zipfile.ZipFile(pathlib.Path(folder, "tiny-1.0-py3-none-any.whl"), "w") as wheel:
        info = "tiny-1.0.dist-info"
        about = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\nProvides-Extra: dev\\n"
        wheel.writestr("tiny.pth", os.getcwd())
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", KIND)
        wheel.writestr(f"{info}/entry_points.txt", TOOLS)
        wheel.writestr(f"{info}/RECORD", "")
    return "tiny-1.0-py3-none-any.whl"
"""
TOOLS = """
import os, pathlib, sys, time

def main():
    name = pathlib.Path(sys.argv[0]).stem
    print("ran", name, *sys.argv[1:], flush=True)
    pathlib.Path(f"ran-{name}").touch()
    if name == os.environ.get("WAITING"):
        time.sleep(600)
    return int(name == os.environ.get("FAILING"))
"""

TEST = """
import pathlib

def test_tiny():
    pathlib.Path("ran-pytest").touch()
"""


def make_project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("course.py", "course_setup.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "tools.py").write_text(TOOLS)
    (folder / "test_tiny.py").write_text(TEST)
    page = folder / "notebooks" / course.FIRST_PAGE
    page.parent.mkdir(parents=True)
    page.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (folder / "autograder").mkdir()
    return folder


def surroundings(**more: str) -> dict[str, str]:
    """No pip setting of this machine counts, and no index is there unless a test names one."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTEST_"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", **more}


def run(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "course.py", *words]
    env = surroundings(**environment)
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def start_up(folder: Path, line: str) -> str:
    """A PYTHONPATH whose Python begins with `line`: how a machine with a fault looks to us."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(line)
    return str(folder)


def stamp_of(project: Path) -> dict:
    return json.loads((project / ".venv/course-setup.json").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that `course.py demo` has set up; making .venv takes seconds, so it is shared."""
    folder = make_project(tmp_path_factory.mktemp("installed") / "project")
    done = run(folder, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("ran autograder demo\n")
    return folder


@pytest.fixture
def ready(installed: Path) -> Iterator[Path]:
    """The shared project; a test may change its pyproject.toml, and what it lends is taken back."""
    yield installed
    (installed / "pyproject.toml").write_text(PYPROJECT)
    for lent in installed.glob(".venv/**/lent.pth"):
        lent.unlink()


def lend_packages(project: Path) -> None:
    """Let the project's .venv see the packages that run this test, JupyterLab and pytest."""
    target = next(project.glob(".venv/lib/python*/site-packages"))
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in site.getsitepackages()]
    (target / "lent.pth").write_text("".join(lines))


# What a Python too old to run it sees


def test_the_file_parses_under_python_3_6() -> None:
    ast.parse((ROOT / "course.py").read_text("utf-8"), feature_version=(3, 6))


def test_an_old_python_gets_one_sentence(project: Path, tmp_path: Path) -> None:
    old = start_up(tmp_path / "old", "import sys; sys.version_info = (3, 6, 15)")
    done = run(project, "start", PYTHONPATH=old)
    assert done.returncode == 3
    assert done.stderr == "Python 3.6 is too old: run course.py with Python 3.11 or newer.\n"


# What stops a set-up before it begins: one sentence, nothing made, nothing removed


def one_sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.splitlines()[-1]
    assert sentence.endswith(".")
    return sentence


def test_a_python_without_ensurepip(project: Path, tmp_path: Path) -> None:
    bare = start_up(tmp_path / "bare", "import sys; sys.modules['ensurepip'] = None")
    assert "apt install python3-venv" in one_sentence(run(project, "start", PYTHONPATH=bare), 3)
    assert not (project / ".venv").exists()


def test_a_full_disk(project: Path, tmp_path: Path) -> None:
    line = "import shutil; real = shutil.disk_usage\n"
    line += "shutil.disk_usage = lambda path: real(path)._replace(free=2_000_000_000)"
    full = start_up(tmp_path / "full", line)
    done = run(project, "start", "--torch-index", "http://127.0.0.1:9/cpu", PYTHONPATH=full)
    assert f"needs {course_setup.GIGABYTES} GB" in one_sentence(done, 5)
    assert "has 2.0 GB free" in done.stderr
    assert not (project / ".venv").exists()


def test_a_file_in_the_place_of_the_environment(project: Path) -> None:
    (project / ".venv").write_text("mine")
    assert "is in the way" in one_sentence(run(project, "start"), 6)
    assert (project / ".venv").read_text() == "mine"


def test_a_folder_that_is_no_environment_is_not_removed(project: Path) -> None:
    (project / ".venv").mkdir()
    (project / ".venv/thesis.txt").write_text("mine")
    assert "is in the way" in one_sentence(run(project, "start"), 6)
    assert (project / ".venv/thesis.txt").read_text() == "mine"


def test_a_port_in_use(project: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run(project, "start", "--no-browser", "--port", port)
    assert one_sentence(done, 7).startswith(f"Port {port} ")
    assert "--port" in done.stderr
    assert not (project / ".venv").exists()


def test_a_path_that_no_environment_can_have(tmp_path: Path) -> None:
    project = make_project(tmp_path / f"a{os.pathsep}b" / "project")
    assert "move it" in one_sentence(run(project, "start"), 9)


def test_a_command_that_is_none(project: Path) -> None:
    assert run(project, "stat").returncode == 2


# A set-up, what it remembers, and what heals it


def test_a_set_up_is_remembered(ready: Path) -> None:
    stamp, log = stamp_of(ready), (ready / ".venv/course-setup.log").stat().st_mtime_ns
    assert stamp["done"] is True
    done = run(ready, "demo")
    assert done.stdout == "ran autograder demo\n"
    assert (stamp_of(ready), (ready / ".venv/course-setup.log").stat().st_mtime_ns) == (stamp, log)


def test_an_index_that_does_not_answer_leaves_the_old_set_up(ready: Path) -> None:
    before = stamp_of(ready)
    needy = PYPROJECT.replace("requires = []", 'requires = ["setuptools"]')
    (ready / "pyproject.toml").write_text(needy)
    done = run(ready, "demo", PIP_NO_INDEX="0", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert "index does not answer" in one_sentence(done, 4)
    assert stamp_of(ready) == before


def test_a_package_that_nobody_has(ready: Path) -> None:
    needy = PYPROJECT.replace("requires = []", 'requires = ["setuptools==0.0.1"]')
    (ready / "pyproject.toml").write_text(needy)
    done = run(ready, "demo")
    assert "No such package" in one_sentence(done, 8)
    assert "setuptools==0.0.1" in done.stderr  # pip's own words stand above the sentence


def begin_slowly(project: Path) -> subprocess.Popen[str]:
    """A set-up that pip is in the middle of, with a process group of its own."""
    (project / "pyproject.toml").write_text(PYPROJECT + "# changed\n")
    (project / "building").unlink(missing_ok=True)
    child = subprocess.Popen(
        [sys.executable, "course.py", "demo"],
        cwd=project,
        env=surroundings(SLOW="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout
    for _ in child.stdout:  # the line that names the step; then pip works
        break
    while not (project / "building").exists():
        assert child.poll() is None
        time.sleep(0.02)
    return child


def test_ctrl_c_says_so_and_leaves_the_old_set_up(ready: Path) -> None:
    before = stamp_of(ready)
    child = begin_slowly(ready)
    pip = psutil.Process(child.pid).children(recursive=True)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=300)
    assert child.returncode == 130
    assert said.strip().startswith("Interrupted")
    assert "Traceback" not in said
    assert pip
    assert not psutil.wait_procs(pip, timeout=300)[1]
    assert stamp_of(ready) == before


def test_a_power_cut_leaves_no_false_stamp_and_the_next_run_heals(ready: Path) -> None:
    child = begin_slowly(ready)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert stamp_of(ready)["done"] is False
    done = run(ready, "demo")
    assert done.returncode == 0, done.stderr
    assert "interrupted" in done.stdout
    assert stamp_of(ready)["done"] is True


@pytest.mark.parametrize(
    ("change", "version", "torch_index", "word"),
    [
        ({}, "3.11", None, ""),
        ({}, "3.11", "https://torch", ""),
        ({}, "3.12", None, "its Python changed"),
        ({"root": "/elsewhere"}, "3.11", None, "moved"),
        ({"done": False}, "3.11", None, "interrupted"),
        ({}, "3.11", "https://other", "another index"),
    ],
)
def test_what_makes_an_environment_unusable(
    change: dict, version: str, torch_index: str | None, word: str
) -> None:
    stamp = {
        "done": True,
        "root": str(course_setup.ROOT),
        "python": "3.11",
        "torch_index": "https://torch",
    }
    reason = course_setup.why_rebuild({**stamp, **change}, version, torch_index)
    assert (word in reason) if word else (reason == "")


def test_torch_comes_from_its_own_index_and_a_dead_python_is_replaced(
    ready: Path, tmp_path: Path
) -> None:
    """`dev` needs torch here, and the only index that has it is the one named for it."""
    shelf = tmp_path / "cpu/torch"
    shelf.mkdir(parents=True)
    with zipfile.ZipFile(shelf / "torch-1.0-py3-none-any.whl", "w") as wheel:
        info = "torch-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    (shelf / "index.html").write_text('<a href="torch-1.0-py3-none-any.whl">torch</a>')
    url = (tmp_path / "cpu").as_uri()
    python = ready / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    done = run(ready, "demo", "--torch-index", url, PIP_NO_INDEX="0")
    assert done.returncode == 0, done.stderr
    assert "its Python does not start" in done.stdout
    assert f"python -m pip install --index-url {url} torch==1.0" in done.stdout
    assert list(ready.glob(".venv/lib/python*/site-packages/torch-1.0.dist-info"))
    assert run(ready, "demo").stdout == "ran autograder demo\n"  # the index need not be said again


# What it hands over to


@pytest.mark.parametrize(("failing", "code"), [("", 0), ("mypy", 1)])
def test_every_check_runs_and_pytest_has_the_last_word(
    ready: Path, failing: str, code: int
) -> None:
    lend_packages(ready)
    (ready / ".venv/course-setup.json").write_text(
        json.dumps({**stamp_of(ready), "extras": ["dev"]})
    )
    done = run(ready, "test", "--", "-q", "-p", "no:cacheprovider", FAILING=failing)
    assert done.returncode == code, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [x for x in lines if x.startswith("ran ")] == [
        "ran ruff check .",
        "ran ruff format --check .",
        "ran mypy",
        "ran autograder build --check",
        "ran autograder lint",
        "ran autograder lint --mutants",
    ]
    assert lines[-1].startswith("1 passed in")
    assert ("FAILED: mypy" in lines) == bool(failing)


def test_pytest_runs_beside_the_first_check_and_all_end_with_ctrl_c(ready: Path) -> None:
    """The first check waits until it is stopped: pytest begins all the same."""
    lend_packages(ready)
    (ready / ".venv/course-setup.json").write_text(
        json.dumps({**stamp_of(ready), "extras": ["dev"]})
    )
    marks = [ready / "ran-ruff", ready / "ran-pytest"]
    for mark in marks:
        mark.unlink(missing_ok=True)
    child = subprocess.Popen(
        [sys.executable, "course.py", "test", "--", "-p", "no:cacheprovider"],
        cwd=ready,
        env=surroundings(WAITING="ruff"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not all(mark.exists() for mark in marks):
        assert child.poll() is None
        time.sleep(0.02)
    children = psutil.Process(child.pid).children()
    child.send_signal(signal.SIGINT)  # course.py alone gets it, as from a supervisor
    shown, said = child.communicate(timeout=300)
    assert child.returncode == 130
    assert shown.strip() == "$ ruff check .\nran ruff check ."
    assert said.strip().startswith("Interrupted")
    assert children
    assert not psutil.wait_procs(children, timeout=300)[1]


WORK = """
import pathlib, sys, time
name, *awaited = sys.argv[1:]
print("after one" if pathlib.Path("one.ended").exists() else "before one's end", flush=True)
pathlib.Path(f"{name}.begun").touch()
while not all(pathlib.Path(other).exists() for other in awaited):
    time.sleep(0.02)
time.sleep(0.5 if name == "one" else 0)
pathlib.Path(f"{name}.ended").touch()
sys.exit(name == "one")
"""


def test_the_last_command_begins_first_and_as_many_run_as_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first one waits for the last to begin; were three allowed, the second would be early."""
    monkeypatch.setattr(course_setup, "ROOT", tmp_path)
    awaited = {"one": ["last.begun"], "two": [], "last": ["two.ended"]}
    argv = [sys.executable, "-c", WORK]
    commands = {name: [*argv, name, *others] for name, others in awaited.items()}
    assert list(course_setup.run_at_once(commands, 2)) == [("one", 1), ("two", 0), ("last", 0)]
    assert capfd.readouterr().out == (
        "\n$ one\nbefore one's end\n\n$ two\nafter one\n\n$ last\nbefore one's end\n"
    )


def test_jupyterlab_answers_on_loopback_with_its_token_and_ends_with_ctrl_c(ready: Path) -> None:
    lend_packages(ready)
    home = ready.parent / "home"
    folders = {"JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_RUNTIME_DIR": str(home / "run")}
    folders["JUPYTERLAB_DIR"] = str(Path(sys.prefix, "share/jupyter/lab"))
    child = subprocess.Popen(
        [sys.executable, "course.py", "start", "--no-browser"],
        cwd=ready,
        env=surroundings(**folders),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout
    try:
        address = urlsplit(next(x.strip() for x in child.stdout if "http://" in x))
        token = parse_qs(address.query)["token"][0]
        servers = psutil.Process(child.pid).children(recursive=True)
        assert address.hostname == "127.0.0.1"
        assert address.path == f"/lab/tree/{course.FIRST_PAGE}"
        assert status(address.port, f"{address.path}?{address.query}") == 200
        assert status(address.port, "/api/contents") == 403
        assert status(address.port, f"/api/contents?token={token}") == 200
        assert all(token not in " ".join(x.cmdline()) for x in servers)
        os.killpg(child.pid, signal.SIGINT)
        assert child.wait(timeout=300) == 0
        assert servers
        assert not psutil.wait_procs(servers, timeout=300)[1]
    finally:
        child.kill()
        child.stdout.close()


def status(port: int | None, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", path)
    answer = connection.getresponse().status
    connection.close()
    return answer


# What README says


def test_readme_states_the_steps_that_a_set_up_takes() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    by_hand = [" ".join(line) for line in course_setup.steps([], "URL")]
    commands = [line.split("#")[0].strip() for line in readme.splitlines()]
    assert [line for line in commands if line in by_hand] == by_hand


SITE = """
import os, sys
print("ran site", *sys.argv[1:], flush=True)
sys.exit(int(os.environ.get("CODE", "0")))
"""


def test_the_site_is_handed_over_with_what_was_asked(ready: Path) -> None:
    package = ready / "docs" / "site"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(SITE)
    assert run(ready, "site").stdout.endswith("ran site\n")
    some = run(ready, "site", "--with-lite", "--run", "01_x", "02_y")
    assert some.stdout.endswith("ran site --with-lite --run 01_x 02_y\n")
    assert run(ready, "site", "--run").stdout.endswith("ran site --run\n")
    for code, told in ((1, course.FAILED), (2, 2), (3, course.FAILED)):
        assert run(ready, "site", CODE=str(code)).returncode == told
    assert "build/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_a_students_copy_says_that_it_has_no_tests_and_no_demo(project: Path) -> None:
    (project / "autograder").rmdir()
    for command in ("test", "demo", "site"):
        done = run(project, command)
        assert done.returncode == course.FAILED
        assert done.stderr == (
            "A student's copy has no tests, no demo and no site: use `python course.py start`.\n"
        )
    assert not (project / ".venv").exists()


def test_readme_states_the_line_for_development() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    *_, for_development = course_setup.steps(["dev"], None)
    assert " ".join(for_development) in readme
