"""The roofline's arithmetic on known figures, and one short real measurement."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from quantlab.deploy.latency.layer_pairs import conv_pair
from quantlab.deploy.latency.side_by_side import Timing, compare
from quantlab.lessons.lesson_02.material import roofline as module
from quantlab.lessons.lesson_02.material.int8_speed import (
    LayerSpeed,
    layers_to_measure,
    measure_layer,
    measure_layers,
    speed_table,
)
from quantlab.lessons.lesson_02.material.roofline import Rate, Roofline, measure_roofline
from quantlab.lessons.lesson_02.material.roofline_figure import roofline_figure

matplotlib.use("agg")


def known() -> Roofline:
    """10 GB/s, 50 and 200 GOP/s: the roofs meet at 5 and at 20 operations a byte."""
    rates = [Rate(best, best / 2, best / 4, best) for best in (10e9, 50e9, 200e9)]
    return Roofline(*rates, threads=1, array_bytes=2**27, cache_bytes=None, machine="a machine")


def test_the_lower_limit_wins():
    roofline = known()
    assert roofline.attainable(1.0) == 10e9
    assert roofline.attainable(100.0) == 50e9
    assert roofline.attainable(100.0, "int8") == 200e9
    assert (roofline.ridge(), roofline.ridge("int8")) == (5.0, 20.0)


def test_the_same_work_can_be_bound_by_memory_in_int8_only():
    roofline = known()
    assert roofline.classify(1000, 100) == "compute-bound"  # 10 a byte, ridge at 5
    assert roofline.classify(1000, 100, "int8") == "memory-bound"  # ridge at 20
    assert roofline.classify(1000, 200) == "compute-bound"  # on the ridge neither waits
    assert roofline.shortest_time(1000, 100) == 1000 / 50e9


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: r.peak("int4"), "knows float32 and int8"),
        (lambda r: r.attainable(0.0), "both above 0"),
        (lambda r: r.attainable(float("nan")), "both above 0"),
        (lambda r: r.classify(0, 1), "some of both"),
        (lambda r: r.shortest_time(1, 0), "some of both"),
        (lambda r: measure_roofline(threads=0), "at least one thread"),
        (lambda r: measure_layers(seconds=0), "at least one thread"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(known())


def test_a_rate_turns_times_around():
    rate = Rate.of(12.0, Timing(fastest=1.0, median=3.0, low=2.0, high=4.0, runs=5))
    assert rate == Rate(best=12.0, median=4.0, low=3.0, high=6.0)


def test_arrays_exceed_the_cache_but_not_the_memory():
    plenty = 64 * 2**30
    assert module._array_bytes(None, plenty) == 128 * 2**20
    assert module._array_bytes(256 * 2**20, plenty) == 1024 * 2**20
    assert module._array_bytes(None, 2**29) == 2**26


@pytest.mark.parametrize("threads", [1, 2])
def test_a_short_measurement(threads, monkeypatch):
    monkeypatch.setattr(module, "SMALLEST_ARRAY", 2**22)  # the figures are not judged here
    monkeypatch.setattr(module, "last_level_cache", lambda: None)
    monkeypatch.setattr(module, "MATRIX", 64)
    said = []
    roofline = measure_roofline(threads, seconds=0.01, say=said.append)
    for rate in (roofline.bandwidth, roofline.float32, roofline.int8):
        assert 0 < rate.low <= rate.median <= rate.high <= rate.best
    assert said[0].startswith("1 of 2")
    assert f"{threads} thread{'s' if threads > 1 else ''}, " in str(roofline)


def test_the_roofline_shows_its_three_limits():
    _, header, *rows = str(known()).splitlines()
    assert "half of the runs" in header
    assert [row.split() for row in rows] == [
        ["memory", "bandwidth", "(GB/s)", "10.0", "5.0", "2.5", "to", "10.0"],
        ["FP32", "peak", "(GOP/s)", "50.0", "25.0", "12.5", "to", "50.0"],
        ["INT8", "peak", "(GOP/s)", "200.0", "100.0", "50.0", "to", "200.0"],
    ]


def test_the_whole_array_is_streamed(monkeypatch):
    seen = []

    def once_each(run, seconds):
        for _ in range(module.PIECES):
            run()
        return Timing(1.0, 1.0, 1.0, 1.0, 1)

    def recorded(a, b, out):
        out[...] = a + b
        seen.append(out.size)

    monkeypatch.setattr(module, "measure", once_each)
    monkeypatch.setattr(module.np, "add", recorded)
    rate = module._bandwidth(4 * 1001, threads=3, seconds=0.0)
    assert sum(seen) == 1001
    # Two arrays read and one written, a piece in one second.
    assert rate.best == 3 * 4 * 1001 / module.PIECES


def speed(name: str = "a layer") -> LayerSpeed:
    pairs = np.tile([2e-3, 1e-3], (9, 1))
    return LayerSpeed(name, 8_000_000, 4_000_000, 1_000_000, compare(pairs), ("QLinearConv",))


def test_a_layers_speed_and_intensity():
    layer = speed()
    assert (layer.intensity(), layer.intensity("int8")) == (2.0, 8.0)
    assert layer.reached() == 8e6 / 2e-3
    assert layer.reached("int8") == 8e6 / 1e-3


def test_the_table_says_the_ratio_and_what_it_means():
    _, header, row = str(speed_table([speed()])).splitlines()
    assert " ".join(header.split()) == "layer FP32 ms INT8 ms speed-up (×) 95 % INT8 is"
    assert " ".join(row.split()) == "a layer 2.000 1.000 2.00 2.00 to 2.00 faster"


def test_a_real_layer_is_measured_in_turn():
    layer = measure_layer(conv_pair("small", 4, 6, 1), seconds=0.01)
    assert layer.times.first.runs == layer.times.second.runs >= 5
    assert "QLinearConv" in layer.kernels


def test_all_layers_are_measured_with_progress(monkeypatch):
    small = (conv_pair("one", 4, 6, 1), conv_pair("two", 4, 6, 3))
    monkeypatch.setattr(
        "quantlab.lessons.lesson_02.material.int8_speed.layers_to_measure", lambda: small
    )
    said = []
    layers = measure_layers(seconds=0.01, say=said.append)
    assert [layer.name for layer in layers] == ["one", "two"]
    assert said == ["1 of 2: one ...", "2 of 2: two ..."]


def test_the_lessons_layers_have_the_intensities_they_stand_for():
    add, pointwise, depthwise, tiny = layers_to_measure()
    per_byte = [pair.operations / pair.fp32_bytes for pair in (add, pointwise, depthwise, tiny)]
    assert per_byte[0] == 1 / 12  # one addition for three float32
    assert per_byte[1] > 10 * per_byte[2] > 100 * per_byte[0]
    assert tiny.fp32_bytes < 2**15


def test_the_figure_has_units_and_says_the_same_in_words():
    with matplotlib.rc_context():
        fig, alt = roofline_figure(known(), [speed("first"), speed("second")])
    (axes,) = fig.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "operations per byte" in axes.get_xlabel()
    assert "1: first\n2: second" in axes.get_xlabel()
    assert "operations per second" in axes.get_ylabel()
    assert "10.0 GB/s" in alt
    assert "50 GOP/s in FP32 from 5.0 operations a byte, 200 in INT8 from 20.0" in alt
    assert "1: first reaches 4 in FP32 and 8 in INT8" in alt
    pyplot.close(fig)
