"""Attacks this machine's own sandbox: one small program for each thing that must not work in it.

Nothing is believed that a configuration says. A canary lies beside the sandbox, a listener waits on
the loopback interface, and each probe tries to reach, fill or outlive what it must not.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from autograder.attacks.case import Case, Expected
from autograder.attacks.field import Field
from autograder.running.sandbox import NoSandbox, sandbox
from autograder.running.settings import Settings
from autograder.running.student import CellResult, Student
from quantlab.learn.course import course_root

SETTINGS = Settings(cell_seconds=2, submission_seconds=60, memory_mib=512, processes=48)
VARIABLE = "QUANTLAB_DOCTOR_TOKEN"
PROBES = Path(__file__).with_name("probes.yaml")
#: What a probe prints where its attack worked, and an honest one where all is well.
WORKED, IN_ORDER = "WORKED", "IN ORDER"
#: Enough before a grading: does it start, is all there, and is it a sandbox at all?
QUICK = frozenset({"runs", "libraries", "reads", "network"})
NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Probe:
    """One attack: `ends` are the verdicts of which one may end its code, or must (`must_end`). One
    that is `honest` is no attack, and has to run."""

    name: str
    says: str
    code: str
    ends: tuple[str, ...] = ()
    must_end: bool = False
    honest: bool = False
    rounds: int = 1


@dataclass(frozen=True)
class Finding:
    """What became of a probe; `problem` is empty where the sandbox held."""

    name: str
    says: str
    problem: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"holds": not self.problem}


def read_probes() -> tuple[Probe, ...]:
    """The probes, in the order of the file."""
    found = yaml.safe_load(PROBES.read_text(encoding="utf-8"))
    return tuple(Probe(**data | {"ends": tuple(data.get("ends", ()))}) for data in found)


def self_test(isolation: str, only: frozenset[str] | None = None) -> Iterator[Finding]:
    """Try each probe in a sandbox of its own, and look at what is left after it.

    Raises NoSandbox where none starts.
    """
    backend = sandbox(isolation)
    os.environ[VARIABLE] = "x"
    try:
        for probe in read_probes():
            if only is None or probe.name in only:
                started = time.perf_counter()
                problem = ""
                for _ in range(probe.rounds):
                    problem = problem or _try(probe, backend)
                seconds = round(time.perf_counter() - started, 2)
                yield Finding(probe.name, probe.says, problem, seconds)
    finally:
        del os.environ[VARIABLE]


def require(isolation: str) -> None:
    """NoSandbox unless a sandbox starts here and holds against the quickest probes."""
    if isolation == "none":
        return
    for finding in self_test(isolation, QUICK):
        if finding.problem:
            raise NoSandbox(
                f"The sandbox ({isolation}) does not hold: {finding.says}, and {finding.problem}. "
                "Run `autograder doctor`."
            )


def _try(probe: Probe, backend: Any) -> str:
    nothing = Case("", probe.name, 0, probe.says, Expected(None))
    with Field() as field:
        with Student(backend, SETTINGS) as student:
            code = field.filled(probe.code).replace("@VARIABLE@", VARIABLE)
            result = student.run_cell(code.replace("@LIBRARIES@", " ".join(libraries())))
        problems = field.problems(nothing, result.printed)
    return _against(probe, result) or "; ".join(problems)


def libraries() -> tuple[str, ...]:
    """The packages that the course says it needs, by name."""
    text = (course_root() / "pyproject.toml").read_text(encoding="utf-8")
    needed = tomllib.loads(text)["project"]["dependencies"]
    return tuple(NAME.match(each)[0] for each in needed)  # type: ignore[index]


def _errors(result: CellResult) -> list[str]:
    outputs = (output for output in result.outputs if isinstance(output, dict))
    return [f"{o.get('ename')}: {o.get('evalue')}" for o in outputs if "ename" in o]


def _against(probe: Probe, result: CellResult) -> str:
    if probe.honest and IN_ORDER not in result.printed:
        said = ["nothing was printed", *result.printed.strip().splitlines(), *_errors(result)]
        return f"it did not run: {result.sentence or said[-1][:300]}"
    if WORKED in result.printed:
        return f"the attack worked: {result.printed.strip()[:100]}"
    if result.stopped is not None and str(result.stopped) not in probe.ends:
        return f"it was ended: {result.sentence}"
    if result.stopped is None and probe.must_end:
        return "it came to an end by itself"
    return ""
