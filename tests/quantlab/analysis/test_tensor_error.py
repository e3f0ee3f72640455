"""Error figures against their definitions."""

from itertools import pairwise
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.analysis.tensor_error import (
    EDGES,
    ErrorSums,
    clipped_share,
    decibels,
    finite_or_none,
    sqnr,
)
from quantlab.numerics import QParams, choose_qparams, fake_quantize

RULER = QParams(0.25, 3, "uint8")


def test_figures_are_their_definitions():
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 5, (4, 3, 6, 6)).astype(np.float32)
    real = fake_quantize(reference + rng.normal(0.1, 0.3, reference.shape), RULER)
    sums = ErrorSums(RULER)
    sums.add(real, reference)
    error = sums.result()
    lsb = (real.astype(np.float64) - reference) / 0.25
    # Power-of-two scale: dividing by it is exact, and sums of 432 terms agree to 1e-12.
    assert error.values == 432
    assert error.max_lsb == np.abs(lsb).max()
    assert error.mean_lsb == pytest.approx(lsb.mean(), rel=1e-12)
    assert error.rms_lsb == pytest.approx(sqrt((lsb**2).mean()), rel=1e-12)
    power = (reference.astype(np.float64) ** 2).sum() / (
        (real - reference.astype(float)) ** 2
    ).sum()
    assert error.sqnr_db == pytest.approx(10 * np.log10(power), rel=1e-12)
    assert error.sqnr_db == pytest.approx(sqnr(real, reference), rel=1e-12)
    inside = [np.sum((lsb >= a) & (lsb < b)) for a, b in pairwise(EDGES[1:-1])]
    assert list(error.counts[1:-1]) == inside
    assert sum(error.counts) == 432


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 99))
def test_batches_add_up(sizes, seed):
    rng = np.random.default_rng(seed)
    reference = rng.normal(0, 4, (sum(sizes), 7)).astype(np.float32)
    real = fake_quantize(reference, RULER)
    together, apart = ErrorSums(RULER), ErrorSums(RULER)
    together.add(real, reference)
    for part in np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]):
        apart.add(real[part], reference[part])
    one, other = together.result(), apart.result()
    assert one.counts == other.counts
    assert (one.values, one.max_lsb) == (other.values, other.max_lsb)
    # Sums of up to 315 float64 terms in another order; a mean near 0 needs an absolute bound.
    assert one.sqnr_db == pytest.approx(other.sqnr_db, rel=1e-9)
    assert one.mean_lsb == pytest.approx(other.mean_lsb, abs=1e-12)


def test_rounding_alone_is_a_uniform_error():
    """Errors of rounding spread evenly over ±½ LSB: rms 1 / sqrt(12)."""
    x = np.random.default_rng(1).uniform(-1, 1, 200_000).astype(np.float32)
    ruler = choose_qparams(-1.0, 1.0)
    sums = ErrorSums(ruler)
    sums.add(fake_quantize(x, ruler), x)
    error = sums.result()
    # The rms of 200,000 uniform errors has a relative standard error of 0.45 / sqrt(200,000).
    assert error.rms_lsb == pytest.approx(1 / sqrt(12), rel=5 * 0.45 / sqrt(200_000))
    assert error.max_lsb <= 0.5 + 1e-4  # float32 rounding of values up to 128 LSB: 2^-17


def test_far_errors_fall_into_the_last_bins():
    sums = ErrorSums(RULER)
    sums.add(np.float32([0, 100, -100]), np.float32([0, 0, 0]))
    counts = sums.result().counts
    assert (counts[0], counts[-1], sum(counts)) == (1, 1, 3)


def test_no_error_and_no_signal():
    assert decibels(1.0, 0.0) == inf
    assert decibels(0.0, 1.0) == -inf
    assert finite_or_none(inf) is None
    assert finite_or_none(3.5) == 3.5
    sums = ErrorSums(RULER)
    sums.add(np.float32([0.25]), np.float32([0.25]))
    assert sums.result().to_dict()["sqnr_db"] is None


def test_clipped_begins_half_a_step_beyond_the_ruler():
    low, high = float(RULER.lo), float(RULER.hi)
    values = np.float32([low - 0.126, low - 0.124, 0, high + 0.124, high + 0.126])
    assert clipped_share(values, RULER) == 2 / 5
