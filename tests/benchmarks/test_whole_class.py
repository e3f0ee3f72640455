"""The account of a synthetic class: made as said, and a lost point or a lost student is seen."""

from autograder.samples import LESSON, reference_answers
from benchmarks import grading, whole_class
from benchmarks.class_material import kinds
from quantlab.learn.course import course_root


def test_what_each_kind_is_worth_follows_from_the_lesson():
    known = {kind.name: kind for kind in kinds(reference_answers(course_root()))}
    assert known["right"].points == 23.0
    assert known["raises"].points == 20.0
    assert {kind.points for kind in known.values()} == {23.0, 20.0, None}
    assert known["never ends"].verdict == "timeout"


def test_a_lost_point_and_a_lost_student_are_seen():
    right, *_, missing = kinds(reference_answers(course_root()))
    asked = {"ada": right, "ben": missing}
    told = {
        "ada": {"verdict": "graded", "score": 23.0},
        "ben": {"verdict": "missing", "score": None},
    }
    assert whole_class.differences(asked, told) == []
    told["ada"]["score"] = 22.0
    del told["ben"]
    told["cy"] = {"verdict": "graded", "score": 1.0}
    assert whole_class.differences(asked, told) == [
        "ada (right): graded 22.0, expected graded 23",
        "ben (no notebook): no row None, expected missing None",
        "cy: nobody of the class",
    ]


def test_what_grows_shows_in_the_last_quarter():
    assert whole_class._quarters([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0]) == [2.0, 4.0, 6.0, 9.0]
    assert whole_class._quarters([]) == [0.0, 0.0, 0.0, 0.0]


def test_the_comparison_says_ratio_goal_and_spread():
    shown = grading.show(
        {
            "lesson": LESSON,
            "submissions": 10,
            "rounds": 2,
            "workers": 2,
            "ratio": 4.5,
            "ratios": [4.0, 5.0],
            "goal": grading.GOAL,
            "ours_per_minute": 90.0,
            "nbgrader_per_minute": 20.0,
            "seconds_in_one_submission": 0.5,
            "share_outside_of_submissions": 0.25,
            "worker_peak_mib": 130.0,
            "sandbox_peak_mib": 60.0,
        }
    )
    assert "ratio 4.50 (4.00 to 5.00); goal 4" in shown
    assert "25%" in shown
