"""The 16-bit model of UINT8 x INT8 sums, by hand, against exact sums, and against this CPU."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from quantlab.learn.int8_probe import probe_saturation
from quantlab.numerics.saturation import pairs_at_risk, saturated_matmul


def drawn(seed, m, k, n, bits=8):
    rng = np.random.default_rng(seed)
    top = 2 ** (bits - 1)
    x = rng.integers(0, 256, (m, k)).astype(np.uint8)
    return x, rng.integers(-top, top, (k, n)).astype(np.int8)


def exact(x, w):
    return x.astype(np.int64) @ w.astype(np.int64)


@pytest.mark.parametrize(
    ("x", "w", "sum_"),
    [
        ([255, 255], [127, 127], 32767),
        ([255, 255], [-128, -128], -32768),
        ([255, 255], [127, -128], -255),  # 32,385 - 32,640: the pair itself fits
        ([255, 255, 255, 255], [127, 127, -128, -128], -1),  # 32,767 - 32,768
        ([255, 0, 255], [127, 127, 127], 64770),  # the pairs are (255, 0) and (255, nothing)
    ],
)
def test_by_hand(x, w, sum_):
    got = saturated_matmul(np.array([x], np.uint8), np.array([w], np.int8).T)
    assert got.tolist() == [[sum_]]


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 40), st.integers(1, 5))
def test_it_is_exact_where_no_pair_is_at_risk_and_only_there(seed, m, k, n):
    x, w = drawn(seed, m, k, n)
    risk = pairs_at_risk(x, w)
    assert risk.pairs == m * n * ((k + 1) // 2)
    assert risk.outputs == m * n
    assert 0 <= risk.affected <= risk.saturated <= risk.pairs
    off = int(np.count_nonzero(saturated_matmul(x, w) != exact(x, w)))
    assert off <= risk.affected  # a pair too high and one too low may cancel
    assert (off == 0) or risk.saturated


@given(st.integers(0, 10**6))
def test_weights_in_seven_bits_are_never_at_risk(seed):
    # 255 * 64 * 2 = 32,640 is below 32,767.
    x, w = drawn(seed, 4, 33, 3, bits=7)
    assert pairs_at_risk(x, w).share == 0
    assert np.array_equal(saturated_matmul(x, w), exact(x, w))


def test_many_rows_are_taken_in_parts(monkeypatch):
    x, w = drawn(1, 50, 24, 7)
    whole, risk = saturated_matmul(x, w), pairs_at_risk(x, w)
    monkeypatch.setattr("quantlab.numerics.saturation.CHUNK", 100)
    assert np.array_equal(saturated_matmul(x, w), whole)
    assert pairs_at_risk(x, w) == risk


def on_this_cpu(x, w):
    """ONNX Runtime's MatMulInteger in its default kernel."""
    names = [("x", TensorProto.UINT8, x.shape), ("w", TensorProto.INT8, w.shape)]
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info(*name) for name in names],
        [helper.make_tensor_value_info("y", TensorProto.INT32, (len(x), w.shape[1]))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": x, "w": w})[0]


@pytest.mark.parametrize(("m", "k", "n"), [(1, 2, 1), (3, 31, 5), (8, 64, 16), (17, 130, 33)])
def test_this_cpu_is_predicted_integer_by_integer(m, k, n):
    """Whichever kind of CPU runs the test, the probe says which of the two sums it must give."""
    saturates = any(p.wrong for p in probe_saturation() if p.operator == "MatMulInteger")
    for seed in range(5):
        x, w = drawn(seed, m, k, n)
        predicted = saturated_matmul(x, w) if saturates else exact(x, w)
        assert np.array_equal(on_this_cpu(x, w), predicted)


@pytest.mark.parametrize(
    ("x", "w", "said"),
    [
        (np.zeros((1, 2), np.int8), np.zeros((2, 1), np.int8), "x has dtype int8"),
        (np.zeros((1, 2), np.uint8), np.zeros((3, 1), np.int8), "share K"),
        (np.zeros(2, np.uint8), np.zeros((2, 1), np.int8), "share K"),
    ],
)
def test_bad_input_gets_one_sentence(x, w, said):
    with pytest.raises(ValueError, match=said):
        saturated_matmul(x, w)


def test_nothing_is_nothing():
    risk = pairs_at_risk(np.zeros((0, 4), np.uint8), np.zeros((4, 2), np.int8))
    assert (risk.pairs, risk.share) == (0, 0.0)
