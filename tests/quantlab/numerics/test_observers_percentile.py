"""Percentiles of data with outliers, against numpy's of all values at once."""

import sys

import numpy as np
import pytest

from quantlab.numerics import MinMaxObserver, PercentileObserver, fake_quantize
from quantlab.numerics.observers.float_counts import WIDTH, FloatCounts, count_floats

RNG = np.random.default_rng(11)
BULK = {
    "uniform": RNG.random(300_000).astype(np.float32),
    "two-sided": RNG.normal(size=300_000).astype(np.float32),
    "negative": -RNG.random(300_000).astype(np.float32) - np.float32(0.5),
    "relu": np.maximum(RNG.normal(size=600_000), 0).astype(np.float32),
}
OUTLIERS = {
    "above": lambda far: [far],
    "below": lambda far: [-far],
    "on both sides": lambda far: [far, -far],
}
SCHEMES = {"asymmetric": "uint8", "symmetric": "int8"}


def parts_of(scheme, percentile=99.999):
    """The percentiles that are the range's ends, lowest first."""
    cut = (100 - percentile) / 2
    return [cut, 100 - cut] if scheme == "asymmetric" else [percentile]


def assert_numpys_percentiles(observer, x, percentile=99.999):
    """Each end lies where numpy's does, to a bin's width and the gap numpy interpolates over.

    FloatCounts: either neighbour is known to its bin, at most WIDTH of it. The histogram: the left
    edge of the bin that holds one of the neighbours, so at most one bin below it, and it answers
    only where a bin is at most 1 / 128 = WIDTH of the range. float32 rounds once more: 2^-24.
    """
    lo, hi = (float(end) for end in observer.range())
    x = np.asarray(x, np.float64).ravel()
    ends = [lo, hi]
    if observer.scheme == "symmetric":
        x, ends = np.abs(x), [max(-lo, hi)]
    parts = parts_of(observer.scheme, percentile)
    exact = np.percentile(x, parts)
    length = max(*exact, 0.0) - min(*exact, 0.0) if len(parts) > 1 else exact[0]
    for end, part in zip(ends, parts, strict=True):
        left, right = (np.percentile(x, part, method=m) for m in ("lower", "higher"))
        # The length is known to WIDTH itself, so a bin may be that much wider.
        width = WIDTH * max(abs(left), abs(right), length) * (1 + WIDTH)
        rounded = 2.0**-24 * max(abs(left), abs(right))
        assert left - width - rounded <= end <= right + width + rounded


@pytest.mark.parametrize("batches", [1, 4])
@pytest.mark.parametrize("side", OUTLIERS)
@pytest.mark.parametrize("name", BULK)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_far_outliers_do_not_decide_the_range(scheme, name, side, batches):
    for far in (30.0, 700.0, 4e3, 8e37):
        for first in (True, False):  # the outlier comes in the first or in the last batch
            x = np.append(BULK[name], OUTLIERS[side](np.float32(far))).astype(np.float32)
            split = np.array_split(x[::-1] if first else x, batches)
            observer = PercentileObserver(scheme=scheme, dtype=SCHEMES[scheme])
            for batch in split:
                observer.partial_fit(batch)
            assert_numpys_percentiles(observer, x)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("power", [-36, -20, -5, 0, 5, 20, 36])
def test_at_every_scale_that_float32_has(scheme, power):
    x = np.append(BULK["two-sided"] * np.float32(10.0**power), np.float32(8e37))
    observer = PercentileObserver(scheme=scheme, dtype=SCHEMES[scheme]).partial_fit(x)
    assert_numpys_percentiles(observer, x)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_float16_up_to_its_largest_number(scheme):
    x = np.append(BULK["uniform"].astype(np.float16), np.finfo(np.float16).max)
    observer = PercentileObserver(scheme=scheme, dtype=SCHEMES[scheme]).partial_fit(x)
    assert_numpys_percentiles(observer, x)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [1, 2, 3, 1_000, 99_999, 100_001, 199_999, 200_001, 200_003])
def test_with_few_values_the_outlier_stays_as_numpy_says(scheme, count):
    x = np.append(RNG.random(count).astype(np.float32), np.float32(50_000))
    observer = PercentileObserver(scheme=scheme, dtype=SCHEMES[scheme]).partial_fit(x)
    assert_numpys_percentiles(observer, x)


@pytest.mark.parametrize("percentile", [0, 1, 50, 90, 99.9, 100])
@pytest.mark.parametrize("name", BULK)
def test_other_percentiles_too(name, percentile):
    x = np.append(BULK[name], np.float32(9_000))
    observer = PercentileObserver(percentile=percentile).partial_fit(x)
    assert_numpys_percentiles(observer, x, percentile)


def test_the_other_values_survive():
    """One step of the ruler over [0, 1] is 1 / 255; the range may be 1 / 128 longer or shorter.

    A value then rounds by at most half a step, and one beyond the end is cut by at most 1 / 128.
    """
    x = np.append(BULK["uniform"], np.float32(4_000))
    back = fake_quantize(BULK["uniform"], PercentileObserver().partial_fit(x).qparams())
    worst = np.abs(back - BULK["uniform"]).max()
    assert worst <= WIDTH + (1 + WIDTH) / 255 / 2
    lost = fake_quantize(BULK["uniform"], MinMaxObserver().partial_fit(x).qparams())
    assert np.abs(lost - BULK["uniform"]).max() > 0.99


def test_values_below_the_first_batchs_smallest_magnitude_count():
    # ONNX Runtime's bins for magnitudes begin at the first batch's smallest, 40, and miss the rest.
    observer = PercentileObserver(scheme="symmetric", dtype="int8")
    for batch in (np.float32([40, 41]), BULK["uniform"]):
        observer.partial_fit(batch)
    assert_numpys_percentiles(observer, np.append(BULK["uniform"], np.float32([40, 41])))


def test_each_channel_has_its_own_counts():
    x = np.stack([np.append(BULK["uniform"], np.float32(far)) for far in (2.0, 5_000.0)])
    lo, hi = PercentileObserver(axis=0).partial_fit(x).range()
    for channel in (0, 1):
        alone = PercentileObserver().partial_fit(x[channel])
        assert alone.range() == (lo[channel], hi[channel])
        assert_numpys_percentiles(alone, x[channel])


def test_memory_is_constant():
    """2^16 upper halves at most, 2 + 8 bytes each, whatever comes."""
    counts = None
    rng = np.random.default_rng(0)
    for _ in range(30):
        bits = rng.integers(0, 2**32, 50_000, dtype=np.uint32).view(np.float32)
        counts = count_floats(bits[np.isfinite(bits)], counts)
    assert len(counts.bins) == len(counts.counts) <= 2**16
    assert counts.bins.nbytes + counts.counts.nbytes <= 2**16 * 10
    assert sys.getsizeof(counts) < 1_000


@pytest.mark.parametrize("part", [0.0, 1e-6, 0.25, 0.5, 0.999, 1.0])
def test_the_counts_hold_numpys_percentile_between_their_ends(part):
    x = np.concatenate(
        [*BULK.values(), np.float32([0, -0.0, 1e-45, -1e-40, 3.4e38, -3.4e38, 65_504])]
    )
    counts = count_floats(x[len(x) // 2 :], count_floats(x[: len(x) // 2]))
    assert counts.counts.sum() == len(x)
    for seen, values in ((counts, x), (counts.magnitudes(), np.abs(x))):
        lowest, nearest, highest = seen.percentile(part)
        exact = np.percentile(values.astype(np.float64), 100 * part)
        # Numbers below float32's normal ones count as 0.
        tiny = float(np.finfo(np.float32).tiny)
        assert lowest - tiny <= exact <= highest + tiny
        assert lowest <= nearest <= highest


def test_a_bin_is_narrow_for_its_values():
    bits = np.arange(0x0080, 0x7F80, dtype=np.uint32) << 16
    x = bits.view(np.float32)  # the first number of every bin of normal, positive numbers
    for values in (x, -x):
        for value in values[:: len(x) // 500]:
            lowest, _, highest = count_floats(np.array([value])).percentile(0.5)
            assert lowest <= value <= highest
            assert highest - lowest <= WIDTH * abs(float(value))


def test_counts_are_a_value_of_their_own():
    first = count_floats(np.float32([1.0, 2.0]))
    count_floats(np.float32([1.0]), first)
    assert isinstance(first, FloatCounts)
    assert first.counts.tolist() == [1, 1]
