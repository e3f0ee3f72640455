"""MSEObserver against every candidate range tried one by one."""

import numpy as np
import pytest

from quantlab.numerics import MinMaxObserver, MSEObserver, choose_qparams, fake_quantize
from quantlab.numerics.observers.histogram import histogram_of_values
from quantlab.numerics.observers.mse import middles

RNG = np.random.default_rng(3)
DATA = {
    "normal with an outlier": np.append(RNG.normal(size=400), 12.0).astype(np.float32),
    "above 0": np.abs(RNG.normal(size=300)).astype(np.float32) ** 3,
    "below 0": -np.abs(RNG.normal(size=300)).astype(np.float32) - 1,
    "skewed": np.append(RNG.exponential(size=300), [-4.0, 9.0]).astype(np.float32),
}
EACH = pytest.mark.parametrize("x", DATA.values(), ids=DATA)


def error_of(x, lo, hi, **settings):
    """Mean squared round-trip error of one range, straight from the definition."""
    ruler = choose_qparams(np.float64(lo), np.float64(hi), **settings)
    return np.mean((fake_quantize(x, ruler).astype(np.float64) - x) ** 2)


def slack(x, error):
    """How far float32 can move the error of a range.

    The ends, the scale and each tick times it are rounded, 2^-24 of themselves: together each
    round-trip value moves by at most d = 4 * 2^-24 * max|x|. By Cauchy-Schwarz the mean of
    (e + d)^2 is at most (sqrt(error) + d)^2. (Where a tie changes its tick the error is the same.)
    """
    d = 2**-22 * np.abs(x).max()
    return 2 * np.sqrt(error) * d + d**2


def on_the_histogram(x, bins):
    """The values as the observer knows them: each in the middle of its bin."""
    values, counts = middles(histogram_of_values(x, bins))
    return np.repeat(values, counts)


@EACH
@pytest.mark.parametrize("dtype", ["uint4", "int8"])
def test_no_pair_of_ends_on_the_grid_is_better(x, dtype):
    steps, binned = 12, on_the_histogram(x, 64)
    lo, hi = MSEObserver(dtype=dtype, bins=64, steps=steps).partial_fit(x).range()
    grid = np.arange(steps + 1) / steps
    best = min(
        error_of(binned, below, above, dtype=dtype)
        for below in grid * min(float(x.min()), 0.0)
        for above in grid * max(float(x.max()), 0.0)
    )
    assert error_of(binned, lo, hi, dtype=dtype) <= best + slack(binned, best)


@EACH
@pytest.mark.parametrize("dtype", ["int4", "uint4"])
def test_the_second_round_finds_the_symmetric_range_to_its_resolution(x, dtype):
    settings, steps, binned = {"dtype": dtype, "scheme": "symmetric"}, 20, on_the_histogram(x, 128)
    lo, hi = MSEObserver(**settings, bins=128, steps=steps).partial_fit(x).range()
    assert lo == -hi
    widest = float(np.abs(x).max())
    # All points of both rounds, and those between other neighbours too: 2 / steps^2 apart.
    points = np.linspace(0, 1, steps**2 // 2 + 1) * widest
    errors = np.array([error_of(binned, -end, end, **settings) for end in points])
    coarse = errors[:: steps // 2]
    at = int(np.argmin(coarse)) * (steps // 2)
    around = errors[max(at - steps // 2, 0) : at + steps // 2 + 1]
    best = around.min()
    assert error_of(binned, lo, hi, **settings) <= best + slack(binned, best)


@pytest.mark.parametrize("scheme", ["asymmetric", "symmetric"])
def test_values_clipped_and_rounded_weigh_less_than_an_outlier(scheme):
    x = np.append(np.random.default_rng(0).normal(size=20_000), 40.0).astype(np.float32)
    settings = {"dtype": "int4", "scheme": scheme}
    ours = MSEObserver(**settings).partial_fit(x).qparams()
    widest = MinMaxObserver(**settings).partial_fit(x).qparams()
    errors = [np.mean((fake_quantize(x, ruler) - x) ** 2) for ruler in (ours, widest)]
    # 40 / 7 = 5.7 a step (symmetric) rounds nearly all normal values to 0: error about 1, their
    # variance. 2.7 a step (asymmetric) leaves most of it. A step below 1 has 1/12 and the
    # outlier's 38^2 / 20,000 = 0.07.
    assert errors[0] < errors[1] / 2


def test_middles_lie_between_the_values_seen():
    x = np.float32([0.0, 0.9, 1.0, 1.0])
    values, counts = middles(histogram_of_values(x, 4))  # edges -1, -0.5, 0, 0.5, 1
    assert values.tolist() == [0.25, 0.75]
    assert counts.tolist() == [1, 3]
    values, _ = middles(histogram_of_values(np.float32([0.9, 1.0]), 4))
    assert values.tolist() == [np.float32(0.9)]  # the middle, 0.75, was never reached


def test_only_zeros_need_no_search():
    for scheme in ("asymmetric", "symmetric"):
        observer = MSEObserver(scheme=scheme).partial_fit(np.zeros(5, np.float32))
        assert observer.range() == (0, 0)
        assert observer.qparams().scale == 1.0


def test_the_settings_of_the_ruler_are_the_search_s():
    x = DATA["normal with an outlier"]
    fine = MSEObserver(dtype="int8").partial_fit(x).range()
    coarse = MSEObserver(dtype="int4").partial_fit(x).range()
    assert coarse[1] < fine[1]  # wider steps cost more, so more is clipped
