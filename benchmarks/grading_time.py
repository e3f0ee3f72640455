"""Where the time of one submission goes: what of `grade_one` each stage takes, by the clock."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from autograder.intake.ingest import Found, read_submission
from autograder.judging import grade_one as grading
from autograder.running.session import Session
from autograder.running.settings import Settings
from autograder.running.student import Student

#: What is timed, and where it stands. A stage inside another one is not counted twice.
STAGES: dict[str, tuple[Any, str]] = {
    "start of the sandbox": (Session, "__init__"),
    "cells": (Student, "run_cell"),
    "answers to questions": (Student, "ask"),
    "judging": (grading, "judge_exercise"),
    "end of the sandbox": (Session, "end"),
}
REST = "reading, transplant, flags, record"
WHOLE = "whole"


def parts_of(found: Found, release: Path, turns: int) -> list[dict[str, float]]:
    """Seconds by stage, REST and WHOLE, of this submission graded `turns` times in this process.

    The first turn also starts the interpreter that waits; the others take a copy of it.
    """
    data, settings = release.read_bytes(), Settings(seed=1)
    hash, given = hashlib.sha256(data).hexdigest(), read_submission(found).to_bytes()
    turned = []
    for _ in range(turns):
        with _timed() as seconds:
            started = time.perf_counter()
            grading.grade_one(given, hash, release=data, settings=settings)
            seconds[WHOLE] = time.perf_counter() - started
        seconds[REST] = 2 * seconds[WHOLE] - sum(seconds.values())
        turned.append(seconds)
    return turned


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    seconds = dict.fromkeys(STAGES, 0.0)
    open_stages: list[str] = []
    with ExitStack() as stack:
        for stage, (place, name) in STAGES.items():
            work = _counted(getattr(place, name), stage, seconds, open_stages)
            stack.enter_context(patch.object(place, name, work))
        yield seconds


def _counted(
    work: Callable[..., Any], stage: str, seconds: dict[str, float], open_stages: list[str]
) -> Callable[..., Any]:
    """`work`, adding what it takes to its stage and taking it from the stage around it."""

    def counted(*args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        open_stages.append(stage)
        try:
            return work(*args, **options)
        finally:
            took = time.perf_counter() - started
            open_stages.pop()
            seconds[stage] += took
            if open_stages:
                seconds[open_stages[-1]] -= took

    return counted
