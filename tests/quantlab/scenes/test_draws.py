"""Draws: Python's promised numbers, in range and as likely as meant; a circle's arithmetic."""

from collections import Counter
from math import cos, pi, sin, sqrt
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from quantlab.scenes.draws import Draws
from quantlab.scenes.turns import CIRCLE, cos_sin


def test_a_draw_is_pythons_own_random():
    """`Random(seed).random()` is what Python promises never to change."""
    draws, promised = Draws(11), Random(11)
    assert [draws.between(0, 1) for _ in range(5)] == [promised.random() for _ in range(5)]


@given(st.integers(0, 2**53), st.integers(-5, 5), st.integers(0, 9))
def test_draws_lie_in_their_range(seed, low, more):
    draws = Draws(seed)
    assert low <= draws.between(low, low + more) <= low + more
    assert low <= draws.whole(low, low + more) <= low + more
    assert draws.one_of("abc") in "abc"
    assert 0 <= draws.seed() < 2**53


def test_weights_are_met():
    """Counts within five standard deviations of a binomial's: a chance below 1e-6 each."""
    draws, weights, count = Draws(3), (5, 1, 0, 4), 4000
    counts = Counter(draws.weighted(weights) for _ in range(count))
    for index, weight in enumerate(weights):
        share = weight / 10
        assert abs(counts[index] - count * share) <= 5 * sqrt(count * share * (1 - share))


@given(st.floats(-20, 20))
def test_cosine_and_sine_are_the_c_librarys(angle):
    """4e-13 from the series' next term, (pi / 4)^14 / 14!, and roundings of angles up to 20,
    each 20 * 2^-53 < 3e-15."""
    c, s = cos_sin(angle)
    assert abs(c - cos(angle)) < 1e-12
    assert abs(s - sin(angle)) < 1e-12


def test_a_circle_has_twelve_corners():
    assert len(CIRCLE) == 12
    assert all(abs(c - cos(pi * k / 6)) < 1e-12 for k, (c, _) in enumerate(CIRCLE))
