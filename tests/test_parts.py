"""Without a browser or a sandbox: the tests that need them are named, the others run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import playwright
import pytest

from tests.support import parts
from tests.support.browser import PROGRAMS, find_browser, usual_places

ROOT = Path(__file__).parents[1]
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider")
TESTS = """
import pytest

@pytest.fixture
def page(browser):
    return browser

@pytest.fixture(scope="session")
def browser():
    raise AssertionError("there is none")

def test_looks(page): pass
def test_looks_again(browser): pass
def test_grades(bubblewrap): pass
def test_counts(): assert 1 + 1 == 2
"""
LINES = [
    "2 tests not run, because no Chromium, Chrome or Edge was found: tests/test_tiny.py. "
    "Install one, or run `python -m playwright install chromium` in .venv.",
    "1 test not run, because bubblewrap (the command bwrap) cannot make a sandbox: "
    "tests/test_tiny.py. Install Debian's package bubblewrap, and let users make namespaces.",
]


@pytest.fixture
def bare(tmp_path):
    """A project with our conftest.py and four tests, and a way to run Python there.

    Its machine has no program but Python: an empty PATH, no download of Playwright's, and no
    browser in the usual places of programs.
    """
    tests = tmp_path / "tests"
    shutil.copytree(ROOT / "tests" / "support", tests / "support")
    for name in ("__init__.py", "conftest.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    finder = tests / "support/browser.py"
    finder.write_text(re.sub(r'"(/opt|/Applications)', r'"/nowhere\1', finder.read_text("utf-8")))
    (tests / "test_tiny.py").write_text(TESTS)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}

    env = {**kept, "PATH": "", "PYTHONPATH": str(tmp_path)}
    env |= dict.fromkeys(("HOME", "PLAYWRIGHT_BROWSERS_PATH", *PROGRAMS), str(tmp_path))

    def run(*words, **more):
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=tmp_path, env=env | more, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_cannot_run_is_named_after_the_summary_and_the_run_succeeds(bare, workers):
    done = bare(*PYTEST, "-n", workers)
    assert done.returncode == 0, done.stdout + done.stderr
    summary, *lines = done.stdout.splitlines()[-3:]
    assert "1 passed" in summary
    assert lines == LINES


@pytest.mark.parametrize("workers", ["0", "2"])
def test_in_ci_a_missing_part_is_a_failure(bare, workers):
    done = bare(*PYTEST, "-n", workers, CI="true")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "CI=true promises every test, but no Chromium, Chrome or Edge was found." in done.stderr
    assert "passed" not in done.stdout


@pytest.fixture(scope="module")
def browser():
    """Where the browser is. Its name is the part's: without one these tests cannot run either."""
    return parts.find("browser")


def test_with_every_part_nothing_is_said(bare, browser, bubblewrap, linux, namespaces, proxy):
    programs = browser, bubblewrap, namespaces, proxy
    path = os.pathsep.join(str(program.parent) for program in programs)
    done = bare(*PYTEST, "-k", "counts or grades", CI="true", PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"2 passed, 2 deselected in [\d.]+s", done.stdout.splitlines()[-1])


def test_bubblewrap_makes_a_sandbox_without_a_network(bubblewrap):
    """Outside there may be any network; a namespace of its own has its loopback alone."""
    code = "import socket; print([name for _, name in socket.if_nameindex()])"
    command = [bubblewrap, "--ro-bind", "/", "/", "--unshare-all", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "['lo']\n"), done.stderr


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("channel", ["chrome", "msedge"])
def test_the_usual_places_are_those_of_playwright(system, channel):
    driver = Path(playwright.__file__).parent / "driver/package/lib/coreBundle.js"
    tables = rf'_createChromiumChannel\("{channel}", {{(.*?)}}'
    (table,) = re.findall(tables, driver.read_text("utf-8"), re.S)
    (theirs,) = re.findall(rf'"{system}": ["`](.*?)["`]', table)
    env = {"PROGRAMFILES": "C:/Programs", "HOME": "/home/me"}
    ours = [path.as_posix() for path in usual_places(system, env)]
    start = "C:/Programs" if system == "win32" else ""
    assert start + theirs.replace("\\\\", "/") in ours


def test_a_command_on_the_path_is_found_first(tmp_path, monkeypatch):
    command = tmp_path / ("google-chrome.exe" if os.name == "nt" else "google-chrome")
    command.write_text("")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == command


def test_what_playwright_fetched_is_found(bare):
    code = "from tests.support.browser import find_browser; print(find_browser())"
    ask = "from playwright.sync_api import sync_playwright\n"
    ask += "with sync_playwright() as p: print(p.chromium.executable_path)"
    fetched = Path(bare("-c", ask).stdout.strip())
    assert bare("-c", code).stdout == "None\n"
    fetched.parent.mkdir(parents=True)
    fetched.write_text("")
    assert bare("-c", code).stdout == f"{fetched}\n"


def test_readme_and_ci_name_every_part():
    readme = (ROOT / "README.md").read_text("utf-8")
    start = " ".join(readme.partition("## Start")[2].partition("\n## ")[0].split())
    installed = (ROOT / ".ci/run").read_text("utf-8").replace("@", " ").split()
    told = {
        "browser": ("Chromium, Chrome or Edge", "chromium"),
        "bubblewrap": ("`bubblewrap`", "bubblewrap"),
        "proxy": ("`configurable-http-proxy`", "configurable-http-proxy"),
        # CI is root of a Linux: that is no package.
        "linux": ("root of a Linux", None),
        "namespaces": ("root of a Linux", None),
    }
    assert told.keys() == parts.PARTS.keys()
    for words, package in told.values():
        assert words in start
        assert package is None or package in installed
