"""An instructor without one right: the sandbox holds, gives copies, and a submission is graded."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from quantlab.learn.course import course_root

#: Nobody on any machine; without an entry in the list of users, as in many containers.
USER = 61_234
PROBES = ("runs", "reads", "writes", "network", "processes", "survival")
PROGRAM = f"""
import json, os
from autograder.attacks.self_test import self_test
from autograder.running.sandbox import Limits, sandbox
started = sandbox("bubblewrap").start(Limits())
kind = type(started).__name__
started.end()
found = self_test("bubblewrap", frozenset({PROBES!r}))
problems = {{one.name: one.problem for one in found}}
print(json.dumps({{"user": os.getuid(), "kind": kind, "problems": problems}}))
"""


def without_rights(folder: Path, shown: list[Path], words: list[str]) -> list[str]:
    """The words of a command that runs as USER; as the present user where that is not root.

    shown   what USER has to see, though a folder above it may be closed to others.
    """
    if os.getuid() != 0:
        return words
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER)
    wrapped = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--cap-add", "ALL"]
    closed: dict[Path, list[Path]] = {}
    for path in shown:
        above = [each for each in reversed(path.parents) if not each.stat().st_mode & 0o001]
        for first in above[:1]:
            closed.setdefault(first, []).append(path)
    for first, inside in closed.items():
        wrapped += ["--tmpfs", str(first)]
        for path in inside:
            between = [p for p in reversed(path.parents) if p != first and p.is_relative_to(first)]
            for each in between:
                wrapped += ["--perms", "0755", "--dir", str(each)]
            wrapped += ["--ro-bind", str(path), str(path)]
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    return [*wrapped, "--chdir", str(folder), "--", *user, "--bounding-set=-all", *words]


@pytest.fixture
def run(a_class, tiny_room):
    """Runs Python without rights in a folder with the class; gives what it printed."""
    shown = [course_root(), Path(sys.prefix), Path(sys.base_prefix)]
    rooms, start = tiny_room
    with tempfile.TemporaryDirectory(prefix="unprivileged-") as name:
        folder = Path(name)
        env = {
            "HOME": name,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join([f"{name}/start", str(course_root())]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
        }

        def python(*words):
            shutil.copytree(a_class.folder, folder / "course")
            shutil.copytree(rooms, folder / "rooms")
            found = (start / "sitecustomize.py").read_text().replace(str(rooms), f"{name}/rooms")
            (folder / "start").mkdir()
            (folder / "start" / "sitecustomize.py").write_text(found)
            command = without_rights(folder, shown, [sys.executable, *words])
            done = subprocess.run(
                command, cwd=folder, env=env, capture_output=True, text=True, timeout=240
            )
            assert done.returncode == 0, done.stderr + done.stdout
            return json.loads(done.stdout)

        yield python


def test_the_sandbox_holds_and_gives_copies(run):
    told = run("-c", PROGRAM)
    assert told["user"] != 0
    assert told["kind"] == "Copy"
    assert told["problems"] == dict.fromkeys(PROBES, "")


def test_a_submission_is_graded(a_class, run):
    a_class.submit("ada", a_class.right())
    told = run("-m", "autograder.cli", "grade", "course/submitted", "--json", "--workers", "1")
    (one,) = told["submissions"]
    assert (one["verdict"], one["score"], one["isolation"]) == ("graded", 5.0, "bubblewrap")
