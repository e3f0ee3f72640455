"""The unit of work as plain data, and what comes back: the same for every engine that runs it.

An engine has one method, `run(tasks)`: it takes the tasks as it has room for them, so that a class
of a thousand is never in memory at once, and gives the outcomes as they come.
"""

from __future__ import annotations

import base64
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from autograder.running.settings import Settings

#: What is called for each task. Tests put functions of their own in its place.
WORK = "autograder.judging.grade_one:grade_one"
#: A task that failed by no fault of the submission is run once more, and then given up.
ATTEMPTS = 2


@dataclass(frozen=True)
class Task:
    """One submission to grade: everything `grade_one` takes, and whose it is."""

    student: str
    lesson: str
    submission: bytes
    release_hash: str
    release: bytes
    settings: Settings

    def to_dict(self) -> dict[str, Any]:
        """Plain data that JSON can carry; nothing is pickled on its way to another machine."""
        return {
            "student": self.student,
            "lesson": self.lesson,
            "submission": base64.b64encode(self.submission).decode(),
            "release_hash": self.release_hash,
            "release": base64.b64encode(self.release).decode(),
            "settings": self.settings.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The task that `to_dict` was called on."""
        return cls(
            data["student"],
            data["lesson"],
            base64.b64decode(data["submission"]),
            data["release_hash"],
            base64.b64decode(data["release"]),
            Settings.from_dict(data["settings"]),
        )


@dataclass(frozen=True)
class Outcome:
    """What became of a task: the result's JSON, or the sentence that says why there is none.

    A fault is the grader's own, so the submission stays ungraded: never a zero.
    """

    task: Task
    result: str | None
    fault: str = ""


class Engine(Protocol):
    """Runs tasks somewhere. Closing the iterator ends everything that still runs."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]: ...


def call(work: str, task: Task) -> str:
    """Call `work` ("module:function") with this task."""
    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(module), name)
    return str(
        function(task.submission, task.release_hash, release=task.release, settings=task.settings)
    )
