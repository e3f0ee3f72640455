"""Runs one student copy and keeps it with its outputs: python -m docs.site.run_lesson COPY OUT

A process of its own, so that it can be ended from outside, with its kernel. The copy runs in an
empty folder, with nobody's progress. Exit codes: 0 kept, 1 a cell failed, 130 interrupted.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import nbformat

from quantlab.base.atomic import replacing
from quantlab.learn.run_notebook import NotebookRun, run_notebook

#: A cell of the capstone measures for a minute or two where nothing else runs.
CELL_SECONDS = 600
INTERRUPTED = 130


def run_lesson(copy: Path, out: Path) -> str:
    """Run the notebook `copy`; keep it at `out`. Returns what went wrong, "" where nothing did."""
    with tempfile.TemporaryDirectory(prefix="quantlab-lesson-") as folder:
        os.environ["QUANTLAB_HOME"] = str(Path(folder, "home"))
        here = Path(shutil.copy(copy, folder))
        run = run_notebook(here, cell_seconds=CELL_SECONDS)
    if fault := _fault(run):
        return fault
    with replacing(out) as file:
        nbformat.write(run.notebook, file)
    return ""


def _fault(run: NotebookRun) -> str:
    """A student copy runs to its end without an answer; all else is a fault of the lesson."""
    if run.why_stopped:
        return f"cell {run.stopped_at} did not end ({run.why_stopped.value})"
    return "; ".join(
        f"cell {n} ended with {name}: {said}" for n, (name, said) in run.errors.items()
    )


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its kernel is stopped, too
    try:
        fault = run_lesson(Path(argv[0]), Path(argv[1]))
    except KeyboardInterrupt:
        return INTERRUPTED
    print(fault)
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
