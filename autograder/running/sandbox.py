"""What a submission's code runs in: a protocol, and the backends by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

import quantlab
from autograder.running.started import Started

#: The backends, strongest first; `none` is only taken where an instructor asks for it by name.
BACKENDS = {"bubblewrap": "Bubblewrap", "container": "Container", "none": "Unsafe"}
STUDENT_SIDE = Path(__file__).with_name("student_side")
#: Rooms of quantlab that a submission may use. Its lessons hold the oracles and the quiz keys, and
#: the learner's verbs are replaced by ones that say one line.
LEFT_OUT = frozenset({"lessons", "learn", "__pycache__"})


class NoSandbox(Exception):
    """This backend does not work here; the message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use: all its processes together, but for `file_mib` (one file)."""

    memory_mib: int = 3072
    cpu_seconds: float = 600.0
    processes: int = 128
    file_mib: int = 64
    tmp_mib: int = 256


class Sandbox(Protocol):
    """A place for one submission's code. Starting it twice gives two places that share nothing.

    caps   what holds the memory and the processes of all of it together: "cgroup v2", "watchdog"
           (a look from outside, many times a second) or "container runtime".
    """

    name: str

    @property
    def caps(self) -> str: ...

    def start(self, limits: Limits) -> Started:
        """A student's side that runs. NoSandbox where there can be none."""


@lru_cache(maxsize=8)
def sandbox(name: str) -> Sandbox:
    """The backend of this name. NoSandbox where this machine cannot have it."""
    if name not in BACKENDS:
        raise NoSandbox(f"There is no isolation {name!r}; there are {', '.join(BACKENDS)}.")
    module = "unsafe" if name == "none" else name
    made: Sandbox = getattr(import_module(f"autograder.running.{module}"), BACKENDS[name])()
    return made


def rooms() -> list[Path]:
    """What of quantlab stands in a sandbox."""
    here = Path(quantlab.__file__).parent
    return sorted(p for p in here.iterdir() if p.name not in LEFT_OUT)


def environment(home: str, path: str, course: str) -> dict[str, str]:
    """All that a submission sees of an environment: nothing of the instructor's."""
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "HOME": home,
        "USER": "student",
        "PATH": path,
        "PYTHONPATH": course,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_WAIT_POLICY": "PASSIVE",
        "NBGRADER_EXECUTION": "autograde",
        **dict.fromkeys(threads, "1"),
    }
