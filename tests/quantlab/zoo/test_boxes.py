"""Box coding and overlap against plain loops and exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantlab.zoo.boxes import LARGEST_LOG, centres, corners, decode, encode, overlaps

small = st.integers(0, 12)
box = st.tuples(small, small, small, small).map(lambda b: (*b[:2], b[0] + b[2], b[1] + b[3]))


def exact_overlap(a, b):
    """Pixels counted one by one."""
    inside = [
        {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])} for box in (a, b)
    ]
    union = len(inside[0] | inside[1])
    return Fraction(len(inside[0] & inside[1]), union) if union else Fraction(0)


@given(st.lists(box, min_size=1, max_size=4), st.lists(box, min_size=1, max_size=4))
def test_overlap_counts_pixels(a, b):
    found = overlaps(np.array(a, float), np.array(b, float))
    # Areas are small integers, exact in float64: one division, correctly rounded, on both sides.
    assert found.tolist() == [[float(exact_overlap(x, y)) for y in b] for x in a]


def test_nothing_against_something():
    assert overlaps(np.zeros((0, 4)), np.ones((3, 4))).shape == (0, 3)


@given(st.tuples(*[st.floats(-50, 350)] * 2, *[st.floats(1, 300)] * 2), st.integers(0, 20))
def test_decode_undoes_encode(wanted, seed):
    anchor = np.random.default_rng(seed).uniform(10, 300, 4)
    target = corners(np.array(wanted))
    # Every step rounds to 1 part in 2^53 of numbers below 1000, ten steps: 1e-11 is ten times that.
    np.testing.assert_allclose(decode(encode(target, anchor), anchor), target, atol=1e-10)


def test_offsets_of_one():
    """A tenth of the anchor's side; the fifth root of e."""
    moved = centres(decode(np.array([1.0, 0, 0, 1.0]), np.array([100.0, 100, 20, 40])))
    # Numbers near 100 in float64: one rounding is 1.4e-14, a handful of them stays below 1e-12.
    np.testing.assert_allclose(moved, [102, 100, 20, 40 * np.exp(0.2)], atol=1e-12)


def test_a_wild_offset_gives_a_finite_box():
    wild = np.array([0, 0, 1e6, 1e6], np.float32)
    found = decode(wild, np.array([50, 50, 10, 10], np.float32))
    assert np.isfinite(found).all()
    # float32: 600 is given to 6e-5, and exp may be off by a few of these.
    np.testing.assert_allclose(found[2] - found[0], 10 * np.exp(LARGEST_LOG), rtol=1e-5)
