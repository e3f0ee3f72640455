"""One cell's trouble on a slow machine is no other cell's."""

import time

import nbformat

from autograder.nbgrader import guarded_execute
from autograder.nbgrader.guarded_execute import GuardedExecute


def test_output_that_is_slow_to_read_does_not_end_the_kernel(monkeypatch):
    # The kernel is long done when its last lines are read: 5 s, more than nbclient's 4.
    size = guarded_execute._size
    monkeypatch.setattr(guarded_execute, "_size", lambda content: time.sleep(0.05) or size(content))
    lines = "import sys\nfor i in range(100): print(i); sys.stdout.flush()"
    cells = [nbformat.v4.new_code_cell(source) for source in (lines, "1 + 1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    done, _ = GuardedExecute(submission_seconds=120).preprocess(notebook, {})
    assert done.cells[1].outputs[0].data["text/plain"] == "2"
    printed = "".join(output.text for output in done.cells[0].outputs)
    assert printed.split() == [str(i) for i in range(100)]
