"""Histograms, percentiles and entropy against the classes ONNX Runtime calibrates with."""

import numpy as np
import pytest
from onnxruntime.quantization.calibrate import HistogramCollector

from quantlab.numerics import (
    EntropyObserver,
    MSEObserver,
    PercentileObserver,
    choose_qparams,
)
from quantlab.numerics.observers.entropy import entropy_threshold
from quantlab.numerics.observers.histogram import (
    GROWTH,
    LARGEST,
    Histogram,
    histogram_of_magnitudes,
    histogram_of_values,
)
from quantlab.numerics.observers.percentile import percentile_of_histogram

RNG = np.random.default_rng(7)


def normal(*shape, loc=0.0, scale=1.0):
    return RNG.normal(loc, scale, shape).astype(np.float32)


STREAMS = {
    "one batch": [normal(5000)],
    "narrower later": [normal(4000, scale=3), normal(4000)],
    "wider later": [normal(3000), normal(3000, scale=2), normal(3000, scale=5, loc=3)],
    "one-sided": [np.abs(normal(3000)), np.abs(normal(3000, scale=1.3))],
    "negative": [-np.abs(normal(2000)) - 1, -np.abs(normal(2000)) - 2],
    "heavy tail": [normal(5000) ** 3, normal(5000) ** 5 / 10],
    "zeros first": [np.zeros(50, np.float32), normal(900, scale=0.1)],
    "only zeros": [np.zeros(50, np.float32), np.zeros(7, np.float32)],
    "one value": [np.full(9, 0.3, np.float32), np.full(9, 0.3, np.float32)],
    "few values": [np.float32([0.5, -1.5, 2.5]), np.float32([7.25, -0.125])],
    "a shape": [normal(2, 3, 4, 5), normal(6, 3, 4, 5, scale=2)],
    "relu": [np.maximum(normal(4000), 0), np.maximum(normal(4000, scale=1.5), 0)],
}
EACH_STREAM = pytest.mark.parametrize("name", STREAMS)


def of_onnx_runtime(parts, method, symmetric=False, bins=256, quantized_bins=32, percentile=99.9):
    """The histogram and the range: every batch is one call, as in collect_data."""
    collector = HistogramCollector(method, symmetric, bins, quantized_bins, percentile, "same")
    for part in parts:
        collector.collect({"x": part})
    return collector.histogram_dict["x"], collector.compute_collection_result()["x"][:2]


def watched(observer, parts):
    for part in parts:
        assert observer.partial_fit(part) is observer
    return observer


def assert_same_histogram(ours, theirs):
    np.testing.assert_array_equal(ours.counts, theirs[0])
    np.testing.assert_array_equal(ours.edges, theirs[1])
    assert ours.edges.dtype == np.float32
    assert (ours.lo, ours.hi) == (theirs[2], theirs[3])


@EACH_STREAM
@pytest.mark.parametrize("bins", [64, 255, 2048])
@pytest.mark.parametrize("percentile", [100, 99.999, 99.0, 50, 0])
@pytest.mark.parametrize("scheme", ["asymmetric", "symmetric"])
def test_percentile_equals_onnx_runtime(name, bins, percentile, scheme):
    observer = PercentileObserver(percentile=percentile, bins=bins, scheme=scheme)
    watched(observer, STREAMS[name])
    histogram, expected = of_onnx_runtime(
        STREAMS[name],
        "percentile",
        symmetric=scheme == "symmetric",
        bins=bins,
        percentile=percentile,
    )
    assert_same_histogram(observer.histograms_[0], histogram)
    read_off = percentile_of_histogram(
        observer.histograms_[0], percentile, symmetric=scheme == "symmetric"
    )
    assert read_off == expected
    if percentile < 99:  # down there a range may be shorter than a few bins: see test_percentile
        expected = observer.range()
    assert observer.range() == expected
    lo, hi = min(expected[0], 0), max(expected[1], 0)  # compute_scale_zp does the same
    assert observer.qparams() == choose_qparams(np.float32(lo), np.float32(hi), scheme=scheme)


@EACH_STREAM
@pytest.mark.parametrize(("bins", "levels"), [(64, 2), (64, 64), (255, 31), (256, 32), (301, 128)])
def test_entropy_equals_onnx_runtime(name, bins, levels):
    observer = watched(EntropyObserver(bins=bins, quantized_bins=levels), STREAMS[name])
    histogram, expected = of_onnx_runtime(
        STREAMS[name], "entropy", bins=bins, quantized_bins=levels
    )
    assert_same_histogram(observer.histograms_[0], histogram)
    assert observer.range() == expected


@pytest.mark.parametrize("seed", range(60))
def test_entropy_equals_onnx_runtime_on_histograms_with_gaps(seed):
    # Empty bins, empty ends and equal counts decide who wins: they make smoothing and ties work.
    rng = np.random.default_rng(seed)
    bins, levels = int(rng.integers(8, 90)), int(rng.integers(2, 9))
    counts = rng.integers(0, 4, bins) * rng.integers(0, 2, bins) * 10 ** int(rng.integers(0, 8))
    counts[rng.integers(bins)] += 1
    edges = np.linspace(-2, 2, bins + 1).astype(np.float32)
    ours = Histogram(counts, edges, edges[0], edges[-1], edges[-1], bins)
    collector = HistogramCollector("entropy", False, bins, levels, 99.9, "same")
    expected = collector.get_entropy_threshold((counts, edges, edges[0], edges[-1]), levels)
    assert entropy_threshold(ours, levels) == expected


def test_the_parts_of_the_search_do_not_matter(monkeypatch):
    whole = watched(EntropyObserver(bins=300, quantized_bins=16), STREAMS["heavy tail"]).range()
    monkeypatch.setattr("quantlab.numerics.observers.entropy.NUMBERS_AT_ONCE", 1)
    parts = watched(EntropyObserver(bins=300, quantized_bins=16), STREAMS["heavy tail"]).range()
    assert parts == whole


def test_entropy_where_onnx_runtime_gives_up():
    # 10,001 empty bins for one filled: what smoothing takes off it, 0.0001 a bin, is more than it
    # holds. ONNX Runtime stops; the narrower ranges, which put outliers into filled bins, remain.
    counts = np.zeros(20_001, dtype=np.int64)
    counts[10_000] = 5
    edges = np.linspace(-1, 1, 20_002).astype(np.float32)
    lo, hi = entropy_threshold(Histogram(counts, edges, edges[0], edges[-1], edges[-1], 20_001), 4)
    assert edges[0] < lo < 0 < hi < edges[-1]


OBSERVERS = {
    "percentile": lambda **settings: PercentileObserver(percentile=99, bins=128, **settings),
    "magnitudes": lambda **settings: PercentileObserver(
        percentile=99, bins=128, scheme="symmetric", **settings
    ),
    "entropy": lambda **settings: EntropyObserver(bins=128, quantized_bins=16, **settings),
    "mse": lambda **settings: MSEObserver(bins=128, steps=8, **settings),
}
EACH_OBSERVER = pytest.mark.parametrize("make", OBSERVERS.values(), ids=OBSERVERS)


@EACH_OBSERVER
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_each_channel_is_watched_for_itself(make, axis):
    parts = [normal(3, 3, 3) * np.float32(k) for k in (1, 3, 2)]
    together = watched(make(axis=axis), parts)
    alone = [watched(make(), [part.take(c, axis=axis) for part in parts]) for c in range(3)]
    lo, hi = together.range()
    assert lo.dtype == hi.dtype == np.float32
    assert list(zip(lo, hi, strict=True)) == [observer.range() for observer in alone]
    assert together.qparams().axis == axis
    assert together.n_values_ == 3 * 27


@EACH_OBSERVER
def test_fit_starts_anew(make):
    again = make().partial_fit(normal(50, scale=90)).fit(STREAMS["relu"][0])
    assert again.range() == make().partial_fit(STREAMS["relu"][0]).range()
    assert again.n_values_ == STREAMS["relu"][0].size


@EACH_OBSERVER
def test_memory_is_constant_however_wide_the_data_become(make):
    observer = make()
    for power in range(-30, 37, 3):
        batch = normal(500) * np.float32(10.0**power)
        observer.partial_fit(batch)
        seen = observer.histograms_[0]
        assert len(seen.edges) == len(seen.counts) + 1 <= GROWTH * 128 + 2  # arange's extra bin
        assert np.all(np.diff(seen.edges) > 0)
        assert seen.edges[-1] >= np.abs(batch).max()
    # Magnitudes below the first batch's smallest are not counted; later batches have none here.
    assert seen.counts.sum() == observer.n_values_
    assert observer.qparams().scale > 0


@pytest.mark.parametrize("bins", [2, 3, 7, 100, 101])
@pytest.mark.parametrize("count", [histogram_of_values, histogram_of_magnitudes])
def test_merged_bins_hold_the_values_of_their_parts(bins, count):
    first, second = normal(400), np.float32([1000, -999])
    merged = count(second, bins, count(first, bins))
    assert merged.counts.sum() == 402
    values = np.concatenate((first, second))
    values = values if count is histogram_of_values else np.abs(values)
    fresh = np.histogram(values, merged.edges)[0]
    # Old and new edges are rounded apart. Each of at most 8 merges, the growth and numpy's linspace
    # round an edge by 2^-24 of the largest one: a value further than 16 * 2^-24 of that from an
    # edge stays on its side of it.
    rounded = 16 * 2**-24 * merged.edges[-1]
    doubtful = (np.abs(values[:, None] - merged.edges[1:-1]) <= rounded).sum(axis=0)
    moved = np.abs(np.cumsum(fresh) - np.cumsum(merged.counts))[:-1]
    assert np.all(moved <= doubtful)


def test_numbers_too_small_for_bins_count_as_zeros():
    tiny = np.float32([1e-44, -1e-42])
    for scheme in ("asymmetric", "symmetric"):
        observer = PercentileObserver(scheme=scheme).partial_fit(tiny)
        assert observer.qparams().scale == 1.0
        assert observer.partial_fit(normal(100)).range()[1] > 0.1
    assert EntropyObserver().partial_fit(tiny).range() == (tiny[1], tiny[0])


def test_magnitudes_too_close_for_bins():
    # Between 1e10 - 0.5 and 1e10 + 0.5 there is one float32 number: numpy and ONNX Runtime stop.
    observer = PercentileObserver(scheme="symmetric", bins=4).partial_fit(np.float32([1e10, -1e10]))
    assert observer.range() == (-7.5e9, 7.5e9)  # the left edge of the last of four bins from 0


@EACH_OBSERVER
def test_the_constructor_only_stores(make):
    assert not [name for name in vars(make(dtype="int99", axis=7)) if name.endswith("_")]
    with pytest.raises(ValueError, match="dtype is 'int99'"):
        make(dtype="int99").partial_fit([1.0]).qparams()


@EACH_OBSERVER
@pytest.mark.parametrize(
    ("axis", "batch", "says"),
    [
        (None, [float("nan")], "batch holds nan"),
        (None, [float("inf")], "batch holds inf"),
        (None, [], "batch is empty"),
        (None, [1, 2], "batch has dtype int64"),
        (2, np.ones((2, 3)), "axis is 2, but batch has 2 dimensions"),
        (1, np.ones((2, 4)), "batch has 4 channels along axis 1, but the batches before it had 3"),
        (1, [[1.0, 2.0, 2 * LARGEST]], "the bins of a histogram stay within float32 only"),
    ],
)
def test_a_bad_batch_is_refused_and_changes_nothing(make, axis, batch, says):
    observer = make(axis=axis)
    if axis != 2:
        observer.partial_fit(np.ones((2, 3)))
    before = dict(vars(observer))
    with pytest.raises(ValueError, match=says):
        observer.partial_fit(batch)
    assert vars(observer) == before


@EACH_OBSERVER
def test_no_batch_yet(make):
    for question in (make().range, make().qparams):
        with pytest.raises(ValueError, match="the observer has seen no batch"):
            question()


@pytest.mark.parametrize(
    ("observer", "says"),
    [
        (PercentileObserver(bins=1), "bins is 1, but it is a whole number of at least 2"),
        (EntropyObserver(bins=2.5), "bins is 2.5, but it is a whole number"),
        (MSEObserver(bins=True), "bins is True, but it is a whole number"),
        (MSEObserver(steps=1), "steps is 1, but it is a whole number of at least 2"),
        (PercentileObserver(percentile=100.5), "choose a number from 0 to 100"),
        (PercentileObserver(percentile=-1), "choose a number from 0 to 100"),
        (EntropyObserver(quantized_bins=1), "quantized_bins is 1, but"),
        (EntropyObserver(bins=64), "quantized_bins is 128, but the histogram has 64 bins"),
    ],
)
def test_a_setting_that_does_not_fit(observer, says):
    with pytest.raises(ValueError, match=says):
        observer.partial_fit([1.0, -2.0]).qparams()
