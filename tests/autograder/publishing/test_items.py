"""Statistics of the exercises, by hand on a class of twenty-five: five people, each five times."""

import statistics

import numpy as np
import pytest

from autograder.intake.person import Person
from autograder.publishing.correlation import FEWEST, interval
from autograder.publishing.items import items_of
from autograder.publishing.rows import Row
from autograder.publishing.tables import named_misconceptions
from autograder.recording.record import ExerciseResult
from tests.support.rows import row

POINTS = ((2.0, 2.0, None), (2.0, 2.0, 2.0), (2.0, 1.0, 0.0), (0.0, 0.0, 2.0), (0.0, 1.0, 0.0))
CLASS = [
    row(f"s{n}", dict(zip(("1.1", "1.2", "1.10"), points, strict=True)))
    for n, points in enumerate(5 * POINTS)
]


def test_difficulty_is_the_mean_share_and_open_ones_do_not_count():
    one, two, ten = items_of(CLASS)
    assert [item.id for item in (one, two, ten)] == ["1.1", "1.2", "1.10"]
    assert (one.difficulty, two.difficulty, ten.difficulty) == (0.6, 0.6, 0.5)
    assert (ten.submissions, ten.decided) == (25, 20)


def test_discrimination_is_the_correlation_with_the_rest():
    one, _, ten = items_of(CLASS[:5])
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
        Row(Person(f"s{n}"), "01", "graded", exercises=(result(*s),))
        for n, s in enumerate(5 * said)
    ]
    (item,) = items_of(rows)
    assert item.misconceptions == (("squares", 10), ("keeps", 5))
    assert item.options == (("b", 10), ("a", 5))
    assert item.verdicts == (("incorrect", 20),)
    assert item.seconds == 3.0


def test_two_lessons_stay_apart():
    names = ("ada", "ben", "cyd", "dan", "eve")
    rows = [row(name, {"1.1": 2.0}) for name in names]
    rows += [row(name, {"1.1": 0.0}, lesson="02") for name in names]
    assert [(item.lesson, item.difficulty) for item in items_of(rows)] == [("01", 1.0), ("02", 0.0)]


def test_the_correlation_is_numpy_s_and_has_an_interval_from_thirty_on():
    rng = np.random.default_rng(3)
    able = rng.normal(size=40)
    right = 2.0 * (able + rng.normal(size=40) > 0)
    others = np.clip(np.rint(1 + able), 0, 2)
    pairs = zip(right, others, strict=True)
    rows = [row(f"s{n}", {"1.1": float(a), "1.2": float(b)}) for n, (a, b) in enumerate(pairs)]
    item = items_of(rows)[0]
    assert item.discrimination == pytest.approx(np.corrcoef(right, others)[0, 1])
    assert item.interval[0] < item.discrimination < item.interval[1]
    assert items_of(rows[:29])[0].interval is None


def test_the_interval_holds_the_truth_nineteen_times_in_twenty():
    """Pairs are drawn with a correlation that is known; 0.95 of 2,000 has a spread of 0.005."""
    rng, truth, trials = np.random.default_rng(0), 0.6, 2000
    pairs = rng.multivariate_normal([0, 0], [[1, truth], [truth, 1]], (trials, 40))
    held = 0
    for one in pairs:
        low, high = interval(float(np.corrcoef(one.T)[0, 1]), 40)
        held += low <= truth <= high
    assert held / trials == pytest.approx(0.95, abs=4 * 0.005)
    assert interval(1.0, 40) == (1.0, 1.0)


def test_wrong_answers_without_a_name_are_counted_by_what_they_do():
    def result(said, name=None, verdict="incorrect"):
        return ExerciseResult("1.2", verdict, 0.0, 1.0, name, observed=said)

    said = [
        result("zero_point is -3 for the range [2, 6]."),
        result("scale is 0."),
        result("zero_point is -7.5 for the range [3, 8]."),
        result("zero_point is 9.", name="wrong_sign"),
        result("It stopped.", verdict="error"),
    ]
    rows = [
        Row(Person(f"s{n}"), "01", "graded", exercises=(each,)) for n, each in enumerate(5 * said)
    ]
    (item,) = items_of(rows)
    assert item.unnamed == (("zero_point is -3 for the range [2, 6].", 10), ("scale is 0.", 5))
    assert item.to_dict()["unnamed"] == dict(item.unnamed)


def test_an_option_tells_strong_from_weak_as_numpy_says():
    """Twelve people: "c" is right and the strong choose it, "a" tempts the weak, "b" only four."""
    chosen = "cccccaaabbbb"
    others = (2.0, 2.0, 1.0, 2.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0)
    rows = [
        Row(
            Person(f"s{n}"),
            "01",
            "graded",
            exercises=(
                ExerciseResult("1.7", "correct", 2.0 * (option == "c"), 2.0, chosen=option),
                ExerciseResult("1.8", "correct", rest, 2.0),
            ),
        )
        for n, (option, rest) in enumerate(zip(chosen, others, strict=True))
    ]
    told = dict(items_of(rows)[0].option_discrimination)
    right = [option == "c" for option in chosen]
    assert told["c"] == pytest.approx(np.corrcoef(right, others)[0, 1])
    assert told["c"] > 0.5
    assert (told["a"], told["b"]) == (None, None)  # three and four people


def test_what_few_did_is_left_out_and_no_difference_tells_it():
    """Twenty right, ten wrong: seven with one misconception, one with another, two with none."""
    wrong = 7 * [("squares", "It is squared.")]
    wrong += [("keeps", "It is kept."), (None, "It is 3."), (None, "")]
    results = [ExerciseResult("1.2", "correct", 2.0, 2.0) for _ in range(20)]
    results += [ExerciseResult("1.2", "incorrect", 0.0, 2.0, name, observed=x) for name, x in wrong]
    rows = [Row(Person(f"s{n}"), "01", "graded", exercises=(e,)) for n, e in enumerate(results)]
    (item,) = items_of(rows)
    assert item.verdicts == (("correct", 20), ("incorrect", 10))
    assert item.misconceptions == (("keeps", None), ("squares", None))  # else 10 - 7 would be told
    assert item.unnamed == ()
    assert [one.times for one in named_misconceptions(rows)] == [None, None]
    (nearly,) = items_of(rows[:22])
    assert nearly.verdicts == (("correct", None), ("incorrect", None))
    assert nearly.difficulty == (22 - FEWEST) / 22
    (few,) = items_of(rows[-4:])
    assert (few.submissions, few.decided, few.difficulty) == (None, None, None)
    assert (few.verdicts, few.seconds) == ((("incorrect", None),), None)
