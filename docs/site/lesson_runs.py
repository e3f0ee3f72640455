"""Which lessons have been run as they are now, and the others run side by side.

What a run left is kept under a name that says what it was made of: the student copy, the whole of
`quantlab`, and the pinned versions. Nothing else decides what a lesson shows, but for the machine.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quantlab.base.progress import counting

ROOT = Path(__file__).resolve().parents[2]
#: As many as cores, four at most: each holds torch and ONNX Runtime in memory.
AT_ONCE = min(4, os.cpu_count() or 1)
#: What comes after the last lesson.
AFTER = ("quick_test", "learning_path")
PATIENCE = 30.0  # seconds that a run has to stop its kernel


class LessonFault(Exception):
    """A lesson that does not run to its end; the message is one sentence for its author."""


@dataclass(frozen=True)
class Run:
    """A student copy, and where its outputs are or will be."""

    copy: Path
    kept: Path

    @property
    def name(self) -> str:
        """The lesson's name, such as "01_scale_and_zero_point"."""
        return self.copy.stem


def lesson_names() -> tuple[str, ...]:
    """Every lesson: the numbered ones in order, what comes after them, and the projects."""
    names = (path.stem for path in (ROOT / "notebooks").glob("*/*.ipynb"))
    return tuple(sorted(names, key=lambda name: (*_place(name), name)))


def _place(name: str) -> tuple[bool, int]:
    return not name[0].isdigit(), AFTER.index(name) if name in AFTER else len(AFTER)


def lesson_runs(names: Iterable[str], folder: Path) -> tuple[Run, ...]:
    """The run of each of these lessons, in `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    copies = [ROOT / "notebooks" / name / f"{name}.ipynb" for name in names]
    return tuple(Run(copy, folder / f"{copy.stem}-{_made_of(copy)}.ipynb") for copy in copies)


def _made_of(copy: Path) -> str:
    return hashlib.sha256(_library() + copy.read_bytes()).hexdigest()[:16]


@cache
def _library() -> bytes:
    """A digest of everything that a lesson may import or read."""
    whole = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    whole.update(sys.version.encode())
    for file in sorted((ROOT / "quantlab").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            whole.update(f"{file.relative_to(ROOT).as_posix()}\n".encode())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.digest()


def run_missing(runs: Iterable[Run], at_once: int = AT_ONCE) -> None:
    """Run what has not been run as it is now; remove what was kept of it before.

    Raises LessonFault for the first lesson that fails. None of the runs outlives this call.
    """
    todo = [run for run in runs if not run.kept.is_file()]
    going: dict[subprocess.Popen[str], Run] = {}
    with counting("Running lessons", len(todo), bool(todo)) as count:
        try:
            while todo or going:
                while todo and len(going) < at_once:
                    run = todo.pop(0)
                    going[_begin(run)] = run
                for child in [child for child in going if child.poll() is not None]:
                    _finish(child, going.pop(child))
                    count(", ".join(run.name for run in going.values()))
                time.sleep(0.05)
        finally:
            _end(going)


def _begin(run: Run) -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C reaches it once, from `_end`, and never while it tidies up.
    command = [sys.executable, "-m", "docs.site.run_lesson", str(run.copy), str(run.kept)]
    # One thread each, as they run side by side.
    env = {"OMP_NUM_THREADS": "1", **os.environ}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _finish(child: subprocess.Popen[str], run: Run) -> None:
    said = child.communicate()[0].strip()
    if child.returncode:
        why = said or f"its run ended with code {child.returncode}"
        raise LessonFault(f"{run.name} does not run to its end: {why}. Mend the lesson.")
    for old in run.kept.parent.glob(f"{run.name}-*.ipynb"):
        if old != run.kept:
            old.unlink()


def _end(going: Iterable[subprocess.Popen[str]]) -> None:
    for child in going:
        child.send_signal(signal.SIGTERM)
    for child in going:
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
