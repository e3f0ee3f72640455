"""Statistics of the exercises, by hand on a class of six."""

import statistics

import pytest

from autograder.intake.person import Person
from autograder.publishing.items import items_of
from autograder.publishing.rows import Row
from autograder.recording.record import ExerciseResult
from tests.support.rows import row

POINTS = ((2.0, 2.0, None), (2.0, 2.0, 2.0), (2.0, 1.0, 0.0), (0.0, 0.0, 2.0), (0.0, 1.0, 0.0))
CLASS = [
    row(f"s{n}", dict(zip(("1.1", "1.2", "1.10"), points, strict=True)))
    for n, points in enumerate(POINTS)
]


def test_difficulty_is_the_mean_share_and_open_ones_do_not_count():
    one, two, ten = items_of(CLASS)
    assert [item.id for item in (one, two, ten)] == ["1.1", "1.2", "1.10"]
    assert (one.difficulty, two.difficulty, ten.difficulty) == (0.6, 0.6, 0.5)
    assert (ten.submissions, ten.decided) == (5, 4)


def test_discrimination_is_the_correlation_with_the_rest():
    one, _, ten = items_of(CLASS)
    mine = [p[0] for p in POINTS]
    others = [p[1] + (p[2] or 0.0) for p in POINTS]
    assert one.discrimination == pytest.approx(statistics.correlation(mine, others))
    assert ten.discrimination is None  # of four decided answers


def test_nobody_is_told_apart_where_all_have_the_same():
    same = [row(f"s{n}", {"1.1": 2.0, "1.2": float(n % 3)}) for n in range(9)]
    assert items_of(same)[0].discrimination is None


def test_misconceptions_options_and_seconds_are_counted():
    def result(name, option, seconds):
        return ExerciseResult("1.7", "incorrect", 0.0, 1.0, name, chosen=option, seconds=seconds)

    said = [("squares", "b", 1.0), ("squares", "b", 3.0), ("keeps", "a", 0.0), (None, None, 8.0)]
    rows = [
        Row(Person(f"s{n}"), "01", "graded", exercises=(result(*s),)) for n, s in enumerate(said)
    ]
    (item,) = items_of(rows)
    assert item.misconceptions == (("squares", 2), ("keeps", 1))
    assert item.options == (("b", 2), ("a", 1))
    assert item.verdicts == (("incorrect", 4),)
    assert item.seconds == 3.0


def test_two_lessons_stay_apart():
    rows = [row("ada", {"1.1": 2.0}), row("ada", {"1.1": 0.0}, lesson="02")]
    assert [(item.lesson, item.difficulty) for item in items_of(rows)] == [("01", 1.0), ("02", 0.0)]
