"""The comparison of the two graders: its text, its choice of lessons, its stages of time."""

import time

import pytest

from autograder.samples import LESSON
from benchmarks import __main__ as command
from benchmarks import grading, grading_time

ONE = {
    "submissions": 10,
    "submissions_nbgrader": 10,
    "refused_by_nbgrader": 0,
    "rounds": 2,
    "workers": 2,
    "points": [23.0],
    "ratio": 4.5,
    "ratios": [4.0, 5.0],
    "ours_per_minute": 90.0,
    "nbgrader_per_minute": 20.0,
    "seconds_in_one_submission": 0.5,
    "share_outside_of_submissions": 0.25,
    "start_seconds": 3.0,
    "start_share": 0.3,
    "worker_peak_mib": 130.0,
    "worker_with_sandbox_peak_mib": 200.0,
    "sandbox_peak_mib": 60.0,
    "first_submission_seconds": 1.5,
    "parts_seconds": dict.fromkeys(
        (*grading_time.STAGES, grading_time.REST, grading_time.WHOLE), 0.125
    ),
}


def test_the_comparison_says_ratio_goal_spread_and_where_the_time_goes():
    shown = grading.show({"goal": grading.GOAL, "lessons": {LESSON: ONE}})
    assert "ratio 4.50 (4.00 to 5.00); goal 4" in shown
    assert "25% of the workers' time" in shown
    assert "start of the command 3.0 s, 30% of a round" in shown
    assert "with all below it 200 MiB" in shown
    assert shown.count(" 0.125 s") == len(grading_time.STAGES) + 1
    assert grading.sentence(LESSON, ONE) in shown


def test_a_lesson_that_is_not_compared_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["grading", "--lesson", "02_size_and_latency"])
    assert stopped.value.code == 2
    assert grading.CAPSTONE in capsys.readouterr().err


class Place:
    def outer(self):
        time.sleep(0.02)
        self.inner()

    def inner(self):
        time.sleep(0.05)


def test_a_stage_inside_another_one_is_not_counted_twice(monkeypatch):
    stages = {"outer": (Place, "outer"), "inner": (Place, "inner")}
    monkeypatch.setattr(grading_time, "STAGES", stages)
    with grading_time._timed() as seconds:
        started = time.perf_counter()
        Place().outer()
        whole = time.perf_counter() - started
    assert seconds["inner"] >= 0.05
    assert seconds["outer"] >= 0.02
    assert sum(seconds.values()) <= whole
    before = dict(seconds)
    Place().outer()
    assert seconds == before  # what was watched is as it was
