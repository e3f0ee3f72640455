"""fused_multiply_add rounds once, and to the nearest: checked with exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from quantlab.numerics.ops.fused_multiply_add import fused_multiply_add

FLOATS = st.floats(-(2.0**40), 2.0**40, width=32)


def nearest(exact: Fraction) -> np.float32:
    """The float32 next to an exact number, of two equally near ones the even one."""
    start = np.float32(float(exact))
    candidates = [start, *(np.nextafter(start, np.float32(end)) for end in (-np.inf, np.inf))]
    return min(candidates, key=lambda c: (abs(exact - Fraction(float(c))), c.view(np.int32) & 1))


@given(FLOATS, FLOATS, FLOATS)
@example(1 + 2.0**-23, 1 + 2.0**-23, -1.0)
# 1.5 * 2^-23 is a tie between two float32 numbers above 1, and 2^-60 beyond it decides: float64
# drops those 2^-60, and rounding to the even of the two would then be wrong.
@example(1.0, 1.0 + 2.0**-23, 2.0**-24)
@example(2.0**-30, 2.0**-30, 1 + 2.0**-23)
@example(4097.0 * 2.0**-12, 4097.0 * 2.0**-12, 2.0**-60)
def test_it_is_the_nearest_float32(a, b, c):
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    assert fused_multiply_add(a, b, c) == nearest(exact)


def test_a_sum_that_float64_rounds_to_a_tie_goes_to_the_right_side():
    # a * b is 1 + 2^-24, half way between 1 and the next float32; 2^-80 more decides.
    a, b = np.float32(1 + 2.0**-12), np.float32(1 + 2.0**-12)
    tie = Fraction(float(a)) * Fraction(float(b))
    for c in (-(2.0**-80), 2.0**-80):
        exact = tie + Fraction(c)
        assert fused_multiply_add(a, b, c) == nearest(exact)


def test_arrays_broadcast():
    got = fused_multiply_add(np.arange(3, dtype=np.float32)[:, None], np.float32([2, 3]), 1)
    np.testing.assert_array_equal(got, [[1, 1], [3, 4], [5, 7]])
    assert got.dtype == np.float32
