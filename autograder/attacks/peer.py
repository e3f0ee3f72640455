"""Plain nbgrader on the same files: measured once, kept, and measured again by one command.

nbgrader runs a submission with the rights of whoever starts it. So that the cases attack nothing
real, it is started in a read-only view of this machine with processes of its own, in which only its
course and the canaries can be written. What it is asked for is less than of our grader: the points
and the canaries, no verdict, no reason and no flag.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import DatabaseError

from autograder.attacks.case import Case
from autograder.attacks.field import Field
from autograder.attacks.handing_in import hand_in
from autograder.build import build_course
from quantlab.base.atomic import replacing
from quantlab.learn.course import course_root

KEPT = Path(__file__).with_name("nbgrader.json")
RECIPE = "autograder attack-suite --with-nbgrader"
SECONDS = 90
MEMORY = 4 * 2**30
#: Runs inside: nbgrader on one student, then a look for what is still alive.
PROGRAM = """
import os, resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_FSIZE, (2**29, 2**29))
words = [sys.executable, "-m", "nbgrader", "autograde", {lesson!r}, "--student", {student!r},
         "--course-dir", {course!r}, "--Execute.timeout=20"]
nowhere = subprocess.DEVNULL
code = subprocess.run(words, cwd={course!r}, stdout=nowhere, stderr=nowhere).returncode
for pid in os.listdir("/proc"):
    if pid.isdigit():
        try:
            words = open(f"/proc/{{pid}}/cmdline").read().split("\\0")
        except OSError:
            continue
        if any("sleep" in w for w in words[:1]) and any({number!r} in w for w in words):
            print("ALIVE")
print("CODE", code)
"""


def kept_results() -> dict[str, str]:
    """By case: "" where plain nbgrader was as expected, else what was not."""
    if not KEPT.is_file():
        return {}
    kept: dict[str, str] = json.loads(KEPT.read_text(encoding="utf-8"))["cases"]
    return kept


def measure(cases: Sequence[Case], workers: int) -> Iterator[tuple[str, str]]:
    """Run plain nbgrader on these cases and keep what comes out, case by case."""
    with tempfile.TemporaryDirectory(prefix="quantlab-peer-") as folder:
        course = Path(folder) / "course"
        course.mkdir()
        build_course(course_root(), course, only={case.lesson for case in cases})
        with ThreadPoolExecutor(workers) as pool:
            for case, said in zip(cases, pool.map(lambda c: _try(c, course), cases), strict=True):
                _keep(case.name, said)
                yield case.name, said


def _keep(name: str, said: str) -> None:
    cases = kept_results() | {name: said}
    whole = {
        "what": "plain nbgrader on the files of the attack suite: empty where it was as expected",
        "recipe": RECIPE,
        "nbgrader": version("nbgrader"),
        "cases": dict(sorted(cases.items())),
    }
    with replacing(KEPT) as temporary:
        temporary.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _try(case: Case, built: Path) -> str:
    with Field() as field:
        course = field.root / "course"
        shutil.copytree(built, course)
        found = hand_in(case, field, course / "submitted")
        settings = {
            "lesson": case.lesson,
            "student": found.student,
            "course": str(course),
            "number": field.number,
            "memory": MEMORY,
        }
        printed, late = _run(PROGRAM.format(**settings), field.root)
        try:
            score = _score(course, found.student, case.lesson)
        except DatabaseError:
            return "the gradebook is destroyed"
        path = course / "autograded" / found.student / case.lesson / f"{case.lesson}.ipynb"
        problems = field.problems(case, _shown(path))
        if "ALIVE" in printed:
            problems.append("a process is alive after the grading")
        if late:
            problems.append(f"not done after {SECONDS} s")
        if score != case.expected.score:
            problems.insert(0, f"score {score}, expected {case.expected.score}")
    return "; ".join(problems)


def _run(program: str, writable: Path) -> tuple[str, bool]:
    words = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--ro-bind", "/", "/"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/root"]
    for kept in (sys.prefix, sys.base_prefix, str(course_root())):
        words += ["--ro-bind", kept, kept]
    words += ["--bind", str(writable), str(writable), "--", sys.executable, "-c", program]
    home = writable / "home"
    home.mkdir()
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(course_root()),
        "HOME": str(home),
        "QUANTLAB_HOME": str(home),
        "OMP_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    ) as running:
        try:
            return running.communicate(timeout=SECONDS)[0], False
        except subprocess.TimeoutExpired:
            running.kill()
            return running.communicate()[0], True


def _score(course: Path, student: str, lesson: str) -> float | None:
    """What stands in the gradebook; None where nothing is graded by code."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        try:
            submission = gradebook.find_submission(lesson, student)
        except MissingEntry:
            return None
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        points = [g.auto_score for g in grades if g.auto_score is not None]
        return float(sum(points)) if points else None


def _shown(path: Path) -> str:
    """Every output of the autograded notebook."""
    with contextlib.suppress(OSError, ValueError):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [cell.get("outputs", []) for cell in cells]
        return json.dumps(outputs, ensure_ascii=False)
    return ""
