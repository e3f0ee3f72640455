"""Comparators: what counts as equal, and what is said about the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.teach.judging.within import NOT_IT, absolute, each, exact, show, steps, ulps


@pytest.mark.parametrize(
    ("got", "want"),
    [(3, 3), (np.int64(3), 3), (np.array([1, 2]), [1, 2]), ("b", "b"), (True, True), (None, None)],
)
def test_exact_accepts_equal_values_of_any_plain_kind(got, want):
    assert exact()(got, want) == ""


@pytest.mark.parametrize(
    ("got", "want", "said"),
    [
        (4, 3, NOT_IT),
        ("b", "a", NOT_IT),
        (1, True, NOT_IT),
        ("3", 3, "This is text; a number is expected."),
        (None, 3, "This is a NoneType; a number is expected."),
        ([[1], [1, 2]], [1, 2], "The rows have different lengths: [[1], [1, 2]]."),
        ([1, 2, 3], [1, 2], "It has 3 entries, and that is not how many there are."),
    ],
)
def test_exact_says_what_was_seen(got, want, said):
    assert exact()(got, want) == said


def test_a_boolean_may_come_back_as_numpys():
    assert exact()(np.array(True), True) == ""
    assert exact()(np.array(1), True) == NOT_IT


def test_a_dtype_can_be_part_of_the_answer():
    want = np.array([0, 255], np.uint8)
    assert exact("uint8")(want.copy(), want) == ""
    said = exact("uint8")(want.astype(np.int64), want)
    assert said == "The dtype is int64; expected is uint8."


def test_the_first_wrong_value_is_named_with_its_place_and_the_right_one_is_not():
    said = exact()(np.array([[0, 1], [2, 7]]), np.array([[0, 1], [2, 3]]))
    assert said == "1 of 4 values are off; the first one is 7 at index (1, 1)."
    assert exact()([9, 1], [0, 1]) == "1 of 2 values are off; the first one is 9 at index 0."


def test_nan_is_only_like_nan_and_infinity_like_itself():
    nan, inf = float("nan"), float("inf")
    assert absolute(1e9)(nan, 0.0) == NOT_IT
    assert exact()([nan, inf], [nan, inf]) == ""
    assert exact()(inf, -inf) == NOT_IT


@given(st.integers(-1000, 1000), st.integers(0, 5), st.integers(-10, 10))
def test_steps_allows_exactly_n_steps(want, n, away):
    assert (steps(n)(want + away, want) == "") == (abs(away) <= n)


@given(st.floats(2.0**-100, 2.0**100, width=32), st.integers(0, 8))
def test_ulps_allows_n_float32_spacings(want, n):
    # n spacings away is still within n ulps; n + 1 is not. The walk stays in one binade of `want`
    # or enters the next, where a spacing only grows, so n + 1 steps are always further than n.
    got = np.float32(want)
    for _ in range(n):
        got = np.nextafter(got, np.float32(np.inf))
    assert ulps(n)(got, want) == ""
    assert ulps(n)(np.nextafter(got, np.float32(np.inf)), want) == NOT_IT


def test_a_tuple_answer_is_compared_part_by_part_under_the_learners_names():
    pair = each(scale=ulps(1), zero_point=exact())
    assert pair((0.5, 3), (0.5, 3)) == ""
    assert pair((0.5, 4), (0.5, 3)) == f"Your `zero_point` is 4. {NOT_IT}"
    assert pair(0.5, (0.5, 3)) == ("You returned 0.5; expected are 2 values: scale, zero_point.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 0.5), "(1, 0.5)"),
        ([1.0, 2.0], "[1, 2]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
        (np.float32(0.1), "0.1"),
        (np.array([1, 2]), "[1, 2]"),
        ("x" * 100, "'" + "x" * 76 + "..."),
    ],
)
def test_values_are_shown_on_one_short_line(value, text):
    assert show(value) == text
