"""The account of a synthetic class: made as said, and a lost point or a lost student is seen."""

from autograder.samples import LESSON, reference_answers
from benchmarks import whole_class
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


def test_the_account_says_what_was_lost_and_what_grew():
    said = whole_class.sentence(
        {
            "lesson": LESSON,
            "submissions": 1000,
            "kinds": {"right": 950, "raises": 50},
            "killed_at": 500,
            "points_given": 22850.0,
            "points_expected": 22853.0,
            "points_in_gradebook": 22850.0,
            "differences": ["ada (right): graded 20.0, expected graded 23"],
            "processes_left_after_kill": 1,
            "processes_left_at_end": 2,
            "temporary_left_bytes": 7,
            "batch_mib": [[100.0, 101.0, 101.0, 102.0], [100.0, 100.0, 100.0, 104.0]],
            "worker_mib": [[120.0, 120.0, 121.0, 120.0], [120.0, 120.0, 120.0, 120.0]],
        }
    )
    assert "1,000 submissions" in said
    assert "1 kinds of fault or oddity with 5% of each, ended with kill -9 after 500" in said
    assert "22,850 points given, 22,853 due, 22,850 in the gradebook; 1 submissions" in said
    assert "3 processes and 7 bytes stayed behind" in said
    assert "grew by 4 MiB over its first quarter, its workers by 1." in said
