"""The closed form against numerical integration."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.methods.improve.clipped_normal import clipped_normal_mean

POINTS = 100_000
REACH = 12.0  # standard deviations: beyond lies 4e-33 of a normal distribution


def by_trapezoid(mean, std, low, high):
    """Two smooth pieces are integrated apart from each other, so that no corner lies inside one.

    The step is h = 24 / 10^5 standard deviations at most. The trapezoid rule errs by at most
    h^2 / 12 times the change of the integrand's slope over a piece. That integrand is
    clip(mean + std t) p(t); with |p'| + |t p'| + p < 1.3 its slope is at most
    1.3 (|mean| + std) at each end.
    """
    cuts = [-REACH, *((end - mean) / std for end in (low, high) if np.isfinite(end)), REACH]
    cuts = np.unique(np.clip(cuts, -REACH, REACH))
    total = 0.0
    for a, b in pairwise(cuts):
        t = np.linspace(a, b, POINTS)
        density = np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
        total += np.trapezoid(np.clip(mean + std * t, low, high) * density, t)
    h = 2 * REACH / (POINTS - 1)
    return total, 3 * 2 * 1.3 * (abs(mean) + std) * h**2 / 12


@given(
    st.floats(-8, 8),
    st.floats(0.01, 5),
    st.sampled_from([(0, np.inf), (0, 6), (-1, 1), (-np.inf, 2)]),
)
def test_equals_the_integral(mean, std, ends):
    expected, rule = by_trapezoid(mean, std, *ends)
    got = clipped_normal_mean(mean, std, *ends)
    # float64: a sum of 3 * 10^5 terms and of five products, each rounded by 2^-53 of at most
    # |mean| + 12 std + 6; pairwise summation lets 18 roundings add up.
    rounding = 40 * 2**-53 * (abs(mean) + REACH * std + 6)
    assert abs(got - expected) <= rule + rounding


@pytest.mark.parametrize(("mean", "expected"), [(-2.0, 0.0), (3.5, 3.5), (9.0, 6.0)])
def test_a_constant_is_clipped(mean, expected):
    assert clipped_normal_mean(mean, 0.0, 0.0, 6.0) == expected


def test_nothing_clipped_is_the_mean():
    assert clipped_normal_mean([1.25, -3.0], [2.0, 0.5], -np.inf, np.inf).tolist() == [1.25, -3.0]


def test_far_below_the_relu_the_digits_stay():
    """Mills' ratio: E[relu(x)] / (std p(a)) lies within 3 / a^2 of 1 / a^2."""
    a = 20.0
    density = np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)
    ratio = clipped_normal_mean(-a, 1.0, 0.0, np.inf) / density
    assert abs(ratio * a**2 - 1) <= 3 / a**2
