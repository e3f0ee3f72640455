"""A container of Docker or Podman for each submission: where bubblewrap is not, on any system.

The image holds Python and the libraries; what it is built from stands in image/. Quantlab's rooms
are mounted into it, read-only. The runtime, not this program, holds memory and processes down.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator

from autograder.running.sandbox import (
    STUDENT_SIDE,
    Limits,
    NoSandbox,
    environment,
    rooms,
)
from autograder.running.started import Launch, Program

HOME, COURSE = "/home/student", "/course"
PROGRAMS = ("podman", "docker")
#: Another image: set this variable to its name.
VARIABLE, IMAGE = "QUANTLAB_IMAGE", "quantlab-student"
RECIPE = "autograder/running/image/Containerfile"
LOOK_SECONDS = 20


class Container:
    """Starts `podman run` or `docker run` anew for each submission."""

    name = "container"
    caps = "container runtime"

    def __init__(self) -> None:
        self._program = _program()
        self._image = os.environ.get(VARIABLE, IMAGE)
        if not _answers((self._program, "image", "inspect", self._image)):
            raise NoSandbox(
                f"{self._program} has no image {self._image!r}. Build it in the course's folder: "
                f"{self._program} build -t {IMAGE} -f {RECIPE} ."
            )

    def start(self, limits: Limits) -> Program:
        return Program(self.launch(limits))

    def launch(self, limits: Limits) -> Launch:
        name = f"quantlab-{secrets.token_hex(8)}"
        argv = tuple(_argv(self._program, self._image, name, limits))
        # The program itself needs the caller's environment, to find its service.
        return Launch(argv, dict(os.environ), end=(self._program, "kill", name))


def _program() -> str:
    for name in PROGRAMS:
        path = shutil.which(name)
        if path is not None and _answers((path, "info")):
            return path
    raise NoSandbox(
        "Neither podman nor docker answers here. Start the service, or use bubblewrap on Linux."
    )


def _answers(words: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(words, capture_output=True, timeout=LOOK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _argv(program: str, image: str, name: str, limits: Limits) -> Iterator[str]:
    size = limits.tmp_mib
    yield from (program, "run", "--rm", "--interactive", "--name", name, "--init")
    yield from ("--network", "none", "--cap-drop", "ALL", "--read-only", "--user", "65534:65534")
    yield from ("--security-opt", "no-new-privileges", "--pids-limit", str(limits.processes))
    yield from ("--memory", f"{limits.memory_mib}m", "--memory-swap", f"{limits.memory_mib}m")
    # Without numbers an engine asks for a million of each, which not every system gives.
    for limit in ("core=0:0", "nofile=1024:1024", "nproc=4096:4096"):
        yield from ("--ulimit", limit)
    yield from ("--shm-size", "64m", "--hostname", "sandbox")
    for place in ("/tmp", HOME):
        yield from ("--tmpfs", f"{place}:rw,nosuid,nodev,size={size}m,mode=1777")
    for path in rooms():
        yield from ("--volume", f"{path}:{COURSE}/quantlab/{path.name}:ro")
    verbs = STUDENT_SIDE / "verbs.py"
    yield from ("--volume", f"{verbs}:{COURSE}/quantlab/learn/__init__.py:ro")
    yield from ("--volume", f"{STUDENT_SIDE}:{COURSE}/student_side:ro")
    for key, value in environment(HOME, "/usr/local/bin:/usr/bin:/bin", COURSE).items():
        yield from ("--env", f"{key}={value}")
    yield from ("--workdir", HOME, image, "python", "-P", "-s", "-m", "student_side.main")
