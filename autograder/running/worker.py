"""The process that grades: nbgrader's own Autograde, one submission after the other.

Started by `autograder.running.runner`, which can end it at any time. Requests come as JSON lines on
standard input; answers leave as JSON lines on what was standard output when it started. Nothing
that a kernel prints reaches that channel: it is a private copy, and the visible one leads nowhere.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import IO, Any


def main() -> None:
    """Serve until standard input ends."""
    channel = _private_channel()
    from nbgrader.converters import Autograde  # noqa: F401 - loaded before the first clock starts

    _say(channel, {"ready": True})
    for line in sys.stdin:
        _say(channel, _grade(json.loads(line)))


def _grade(job: dict[str, Any]) -> dict[str, Any]:
    """Run nbgrader's Autograde on one staged submission: {"ok": bool, "log": text}."""
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    from autograder.nbgrader.config import course_config

    os.environ["QUANTLAB_SEED"] = str(job["seed"])
    course = Path(job["course"])
    config = course_config(
        course,
        job["db_url"],
        submitted=Path(job["staged"]),
        cell_seconds=job["cell_seconds"],
        submission_seconds=job["submission_seconds"],
    )
    directory = CourseDirectory(config=config)
    directory.assignment_id, directory.student_id = job["lesson"], job["student"]
    app = Autograde(coursedir=directory, config=config)
    app.force = True
    log, handler = _listen(app.log)
    try:
        shutil.rmtree(course / "autograded" / job["student"] / job["lesson"], ignore_errors=True)
        app.start()
    except Exception as fault:  # whatever it is: this submission has no grade, the next one goes on
        return {"ok": False, "error": f"{type(fault).__name__}: {fault}", "log": log.getvalue()}
    finally:
        app.log.removeHandler(handler)
    return {"ok": True, "log": log.getvalue()}


def _listen(logger: Any) -> tuple[io.StringIO, logging.Handler]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setLevel(logging.WARNING)
    logger.addHandler(handler)
    return text, handler


def _private_channel() -> IO[str]:
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return channel


def _say(channel: IO[str], message: dict[str, Any]) -> None:
    channel.write(json.dumps(message) + "\n")
    channel.flush()


if __name__ == "__main__":
    main()
