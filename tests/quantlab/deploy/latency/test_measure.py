"""The report's arithmetic on known seconds; one real run, whose figures nobody asserts."""

import itertools
import json

import numpy as np
import pytest
from onnx import TensorProto, helper

from quantlab.deploy.latency.measure import (
    FEWEST_ROUNDS,
    complete_rounds,
    latency_report,
    measure_latency,
)


def samples(*medians, rounds=60, noise=0.02):
    """Seconds around the medians, symmetric, so that the medians of many are the true ones."""
    rng = np.random.default_rng(6)
    return np.array(medians) * (1 + noise * rng.standard_normal((rounds, len(medians))))


def relus(count):
    """A model of so many Relus in a row on (N, 8)."""
    names = ["x", *(f"t{k}" for k in range(1, count)), "y"]
    nodes = [helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 8]) for n in ("x", "y")]
    graph = helper.make_graph(nodes, "relus", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.mark.parametrize(
    ("int8", "verdict"), [(0.4, "met"), (0.6, "missed"), (0.5, "inconclusive")]
)
def test_the_verdict_looks_at_the_whole_interval(int8, verdict):
    (result,) = latency_report(["fp32", "int8"], samples(1.0, int8), target=2.0).speed_ups
    # 60 runs, 2 % noise: a median is off by 1.25 * 2 % / sqrt(60) = 0.3 %, a ratio by 0.5 %; its
    # interval reaches 1 % to both sides, far less than the 20 % to the target.
    assert result.verdict == verdict
    assert result.low <= result.ratio <= result.high
    assert result.ratio == pytest.approx(1 / int8, rel=0.02)


def test_an_interval_that_begins_at_the_target_meets_it():
    assert latency_report(["a", "b"], [[2.0, 1.0]] * 10, target=2.0).speed_ups[0].verdict == "met"


def test_every_model_is_compared_with_the_first():
    rounds = np.tile([3.0, 1.5, 6.0], (12, 1))
    report = latency_report(["fp32", "int8", "slow"], rounds)
    assert [(s.name, s.ratio) for s in report.speed_ups] == [("int8", 2.0), ("slow", 0.5)]
    assert report["slow"].median == 6.0
    assert report.rounds == report["fp32"].runs == 12
    with pytest.raises(KeyError, match="'int4' was not measured; these were: 'fp32', 'int8'"):
        report["int4"]


def test_the_table_says_how_and_where_it_was_measured():
    report = latency_report(["fp32", "int8"], samples(2e-3, 1e-3), target=2.0, threads=2)
    summary, header, fp32, int8, how, *advice = str(report).splitlines()
    assert summary == f"int8 {report.speed_ups[0].ratio:.2f}× as fast as fp32"
    assert header.endswith("2×?")
    assert "speed-up" in header
    assert "×" not in fp32
    assert int8.endswith("inconclusive")
    assert how.startswith("60 rounds in turn, 2 threads; ")
    assert "onnxruntime" in how
    assert advice[0].startswith("Inconclusive: 2× lies within the interval.")


def test_the_report_is_plain_data():
    data = latency_report(["fp32", "int8"], samples(2e-3, 1e-3), threads=1).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["machine"]["cores"] >= 1
    assert set(data["speed_ups"]["int8"]) == {"name", "ratio", "low", "high", "verdict"}


def interrupted_after(count):
    yield from [(1.0, 2.0)] * count
    raise KeyboardInterrupt


def test_an_interruption_keeps_the_complete_rounds_and_says_so():
    rounds, interrupted = complete_rounds(interrupted_after(12))
    report = latency_report(["fp32", "int8"], rounds, interrupted=interrupted)
    assert (report.rounds, report.interrupted) == (12, True)
    assert "Interrupted: this is what 12 complete rounds say." in str(report)


def test_an_early_interruption_reports_nothing():
    with pytest.raises(KeyboardInterrupt, match="after 9 rounds; 10 are the fewest"):
        complete_rounds(interrupted_after(FEWEST_ROUNDS - 1))


def test_a_real_measurement_has_every_part(tmp_path):
    path = tmp_path / "one.onnx"
    path.write_bytes(relus(1).SerializeToString())
    models = {"one": path, "three": relus(3), "nine": relus(9)}
    report = measure_latency(models, {"x": np.ones((2, 8), np.float32)}, seconds=0.02, target=1.0)
    assert [name for name, _ in report.timings] == ["one", "three", "nine"]
    assert report.rounds >= FEWEST_ROUNDS
    assert not report.interrupted
    assert report.threads == 1
    for _, timing in report.timings:
        assert 0 < timing.fastest <= timing.low <= timing.median <= timing.high
    assert {s.verdict for s in report.speed_ups} <= {"met", "missed", "inconclusive"}
    assert len(str(report).splitlines()) >= 5


X = np.ones((1, 8), np.float32)


@pytest.mark.parametrize(
    ("models", "settings", "sentence"),
    [
        ({"fp32": relus(1)}, {}, "models is a dict of 1, but a speed-up compares at least two"),
        ([relus(1), relus(2)], {}, "models is list, but"),
        ({"a": relus(1), "b": relus(2)}, {"target": 0}, "target is 0 and seconds is 5"),
        ({"a": relus(1), "b": relus(2)}, {"seconds": float("nan")}, "seconds is nan"),
        ({"a": relus(1), "b": relus(2)}, {"threads": 0}, "threads is 0"),
    ],
)
def test_settings_out_of_range_are_refused(models, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure_latency(models, X, **settings)


def test_inputs_that_do_not_fit_are_refused_with_the_models_name():
    with pytest.raises(ValueError, match="but model 'a' takes float32"):
        measure_latency({"a": relus(1), "b": relus(2)}, X.astype(np.float64))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        measure_latency({"a": relus(1), "b": tmp_path / "none.onnx"}, X)
