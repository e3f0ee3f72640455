"""The grading process may hang or die: the submission says so, the next has a new process."""

import threading
import time

import psutil
import pytest

from autograder.running.batch import grade_one, submissions_of
from autograder.running.runner import Runner


@pytest.fixture(scope="module")
def own_runner():
    """Started with a token in the environment, as an instructor's shell may have one."""
    with pytest.MonkeyPatch.context() as shell, Runner() as runner:
        shell.setenv("MY_SECRET_TOKEN", "s3cret")
        runner._start()
        yield runner


def test_the_kernel_sees_no_token_of_the_instructor(a_class, own_runner):
    c = a_class
    c.submit("ada", c.answered(a1="import os\nprint(sorted(os.environ.items()))"))
    (ada,) = submissions_of(c.course, None)
    assert grade_one(c.course, ada, c.options, own_runner).record.verdict == "graded"
    text = c.course.autograded_path("ada", c.lesson).read_text()
    assert "NBGRADER_EXECUTION" in text
    assert "s3cret" not in text


def test_a_process_that_hangs_is_killed_and_replaced(a_class, own_runner, monkeypatch):
    c = a_class
    c.submit("ada", c.answered(a1="import time\ntime.sleep(600)"))
    c.submit("ben", c.right())
    ada, ben = submissions_of(c.course, None)
    below = psutil.Process(own_runner._worker.pid)
    monkeypatch.setattr("autograder.running.runner.GRACE_SECONDS", -597)  # three seconds in all
    options = c.options.__class__(1, cell_seconds=600, submission_seconds=600)
    record = grade_one(c.course, ada, options, own_runner).record
    assert (record.verdict, record.score) == ("timeout", None)
    assert "could not be interrupted" in record.reason
    assert not below.is_running()
    monkeypatch.undo()
    assert grade_one(c.course, ben, c.options, own_runner).record.score == 5.0


def test_a_process_that_dies_is_a_fault_of_ours_and_tried_again(a_class, own_runner):
    c = a_class
    c.submit("ada", c.answered(a1="import time\ntime.sleep(3)\n" + c.answers["97.1"]))
    (ada,) = submissions_of(c.course, None)
    victim = psutil.Process(own_runner._worker.pid)

    def kill_it_at_work():
        while not victim.children():
            time.sleep(0.05)
        victim.kill()

    killer = threading.Thread(target=kill_it_at_work)
    killer.start()
    record = grade_one(c.course, ada, c.options, own_runner).record
    killer.join()
    assert (record.verdict, record.score) == ("grader_error", None)
    again = grade_one(c.course, ada, c.options, own_runner)
    assert not again.reused
    assert (again.record.verdict, again.record.score) == ("graded", 3.0)
