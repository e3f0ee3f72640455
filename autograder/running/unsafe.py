"""No isolation: the submission runs with the instructor's own rights. Only by an explicit flag.

The scores are as sound as in a sandbox, because they are computed outside of this process. The
machine is not protected: the code can read and delete what its instructor can.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from pathlib import Path

from autograder.running.sandbox import STUDENT_SIDE, Limits, environment, rooms
from autograder.running.started import Launch, Program


class Unsafe:
    """Starts this Python in a folder of its own."""

    name = "none"
    caps = "watchdog"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="quantlab-unsafe-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        course = self._folder / "course"
        for room in rooms():
            copy = course / "quantlab" / room.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(room, copy) if room.is_dir() else shutil.copy(room, copy)
        (course / "quantlab" / "learn").mkdir()
        shutil.copy(STUDENT_SIDE / "verbs.py", course / "quantlab" / "learn" / "__init__.py")
        shutil.copytree(STUDENT_SIDE, course / "student_side")

    def start(self, limits: Limits) -> Program:
        return Program(self.launch(limits))

    def launch(self, limits: Limits) -> Launch:
        home = tempfile.mkdtemp(prefix="home-", dir=self._folder)
        env = environment(home, str(Path(sys.executable).parent), str(self._folder / "course"))
        argv = (sys.executable, "-P", "-s", "-m", "student_side.main")
        return Launch(argv, env, home)
