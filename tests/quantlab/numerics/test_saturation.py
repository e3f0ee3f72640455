"""The 16-bit model of UINT8 x INT8 sums, by hand, against exact sums, and against this CPU."""

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from quantlab.deploy.saturation.probe import probe_saturation
from quantlab.numerics import QParams
from quantlab.numerics.ops import conv, gemm, matmul
from quantlab.numerics.ops.conv import conv_accumulator
from quantlab.numerics.ops.matmul import matmul_accumulator
from quantlab.numerics.saturation import conv_pairs_at_risk, pairs_at_risk, saturated_matmul
from tests.support.operator_cases import output_ruler, random_ruler
from tests.support.operator_models import kernel_integers, qdq_model


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


def brute_force(x, w):
    """(saturated, affected) by looking at every pair of every output."""
    if x.shape[1] % 2:
        x, w = np.pad(x, ((0, 0), (0, 1))), np.pad(w, ((0, 1), (0, 0)))
    products = x.astype(int)[:, :, None] * w.astype(int)
    sums = products[:, 0::2] + products[:, 1::2]
    out = (sums < -32768) | (sums > 32767)
    return int(out.sum()), int(out.any(axis=1).sum())


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 40), st.integers(1, 5))
def test_no_pair_at_risk_is_overlooked(seed, m, k, n):
    x, w = drawn(seed, m, k, n)
    risk = pairs_at_risk(x, w)
    assert (risk.saturated, risk.affected) == brute_force(x, w)


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


FORMS = {  # groups, channels of one, filters of one
    "plain": (1, 24, 10),
    "odd": (1, 5, 3),
    "grouped": (3, 6, 4),
    "depthwise": (8, 1, 1),
    "one channel, two filters": (8, 1, 2),
}


def drawn_conv(rng, form, dims=2):
    """A layer of large activations and weights: x and its ruler, w and its ruler, settings."""
    groups, channels, filters = FORMS[form]
    size, kernel = rng.integers(5, 8, dims), rng.integers(1, 4, dims)
    x = rng.integers(100, 256, (2, groups * channels, *size)).astype(np.uint8)
    w = rng.integers(-128, 128, (groups * filters, channels, *kernel)).astype(np.int8)
    settings = {
        "strides": [int(s) for s in rng.integers(1, 3, dims)],
        "pads": [int(p) for p in rng.integers(0, 3, 2 * dims)],
        "dilations": [int(d) for d in rng.integers(1, 3, dims)],
        "groups": groups,
    }
    return x, random_ruler(rng, "uint8"), w, QParams(0.02, 0, "int8"), settings


def this_cpu_is_exact(operator="QLinearConv"):
    return not any(p.wrong for p in probe_saturation() if p.operator == operator)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("form", FORMS)
def test_this_cpus_convolutions_are_predicted_integer_by_integer(form, dims):
    """In ONNX Runtime's default session, with whatever products this kind of CPU has."""
    rng = np.random.default_rng(50)
    exact = this_cpu_is_exact()
    for _ in range(8):
        x, x_qparams, w, w_qparams, settings = drawn_conv(rng, form, dims)
        acc = conv_accumulator(x, x_qparams, w, w_qparams, **settings)
        y = output_ruler(rng, acc, x_qparams, w_qparams, "uint8")
        names = {name: settings[name] for name in ("strides", "pads", "dilations")}
        operands = [(x, x_qparams)], [(w, w_qparams)]
        model = qdq_model("Conv", *operands, y, group=settings["groups"], **names)
        ours = conv(x, x_qparams, w, w_qparams, y, exact=exact, **settings)
        np.testing.assert_array_equal(ours, kernel_integers(model, y, x, exact=False))


@pytest.mark.parametrize("zero_point", [0, -3])
def test_this_cpus_matrix_products_are_predicted_integer_by_integer(zero_point):
    rng = np.random.default_rng(51)
    exact = this_cpu_is_exact("MatMulInteger")
    for _ in range(30):
        a = rng.integers(100, 256, (2, 5, 33)).astype(np.uint8)
        b = rng.integers(-128, 128, (33, 7)).astype(np.int8)
        rulers = random_ruler(rng, "uint8"), QParams(0.02, zero_point, "int8")
        y = output_ruler(rng, matmul_accumulator(a, rulers[0], b, rulers[1]), *rulers, "uint8")
        model = qdq_model("MatMul", [(a, rulers[0])], [(b, rulers[1])], y)
        ours = matmul(a, rulers[0], b, rulers[1], y, exact=exact)
        np.testing.assert_array_equal(ours, kernel_integers(model, y, a, exact=False))
        for trans_a, trans_b in ((False, True), (True, False)):
            left, right = a[0].T.copy() if trans_a else a[0], b.T.copy() if trans_b else b
            names = {"transA": int(trans_a), "transB": int(trans_b)}
            model = qdq_model("Gemm", [(left, rulers[0])], [(right, rulers[1])], y, **names)
            options = {"trans_a": trans_a, "trans_b": trans_b, "exact": exact}
            ours = gemm(left, rulers[0], right, rulers[1], y, **options)
            np.testing.assert_array_equal(ours, kernel_integers(model, y, left, exact=False))


@pytest.mark.parametrize("form", FORMS)
def test_pairs_of_a_convolution_are_those_of_its_matrix_product(form):
    """Counted again from torch's unfold, which knows nothing of our windows."""
    rng = np.random.default_rng(52)
    for _ in range(10):
        x, x_qparams, w, _, settings = drawn_conv(rng, form)
        settings["pads"] = settings["pads"][:2]
        z, groups = int(x_qparams.zero_point), settings["groups"]
        top, left = settings["pads"]
        padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=z)
        unfolded = torch.nn.functional.unfold(
            torch.tensor(padded, dtype=torch.float32), w.shape[2:],
            dilation=settings["dilations"], stride=settings["strides"],
        ).numpy()  # fmt: skip
        taps = unfolded.reshape(len(x), groups, w.shape[1], -1, unfolded.shape[-1])
        rows = w.reshape(groups, -1, *w.shape[1:2], int(np.prod(w.shape[2:])))
        counted = np.zeros(2, int)
        for image in range(len(x)):
            for group in range(groups):
                columns = taps[image, group].swapaxes(0, 1).reshape(-1, taps.shape[-1])
                filters = rows[group].swapaxes(1, 2).reshape(len(rows[group]), -1)
                counted += brute_force(columns.T.astype(np.uint8), filters.T)
        risk = conv_pairs_at_risk(x, z, w, **settings)
        if form == "depthwise":
            assert (risk.pairs, risk.saturated, risk.affected) == (0, 0, 0)
        else:
            assert (risk.saturated, risk.affected) == tuple(counted)
            assert risk.outputs == len(x) * len(w) * taps.shape[-1]


@pytest.mark.parametrize(("x", "w"), [("uint8", "uint8"), ("int8", "int8")])
def test_other_types_are_added_in_32_bits_everywhere(x, w):
    # ONNX Runtime has other kernels for them: also here, where UINT8 x INT8 may saturate.
    rng = np.random.default_rng(53)
    rulers = QParams(0.02, 3, x), QParams(0.02, 0, w)
    image = np.full((1, 8, 3, 3), rulers[0].qmax).astype(x)
    kernel = np.full((4, 8, 3, 3), rulers[1].qmax).astype(w)
    y = output_ruler(rng, conv_accumulator(image, rulers[0], kernel, rulers[1]), *rulers, x)
    model = qdq_model("Conv", [(image, rulers[0])], [(kernel, rulers[1])], y)
    ours = conv(image, rulers[0], kernel, rulers[1], y, exact=False)
    np.testing.assert_array_equal(ours, conv(image, rulers[0], kernel, rulers[1], y))
    np.testing.assert_array_equal(ours, kernel_integers(model, y, image, exact=False))


def test_a_word_for_exact_is_refused():
    x, w = QParams(0.1, 0, "uint8"), QParams(0.1, 0, "int8")
    with pytest.raises(ValueError, match="exact is 'int8'"):
        matmul([[1]], x, [[1]], w, x, exact="int8")


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


def test_a_convolution_of_other_shapes_is_refused():
    with pytest.raises(ValueError, match="groups divides both"):
        conv_pairs_at_risk(np.zeros((1, 3, 4, 4), np.uint8), 0, np.zeros((1, 2, 1, 1), np.int8))
    with pytest.raises(ValueError, match="x has dtype int8"):
        conv_pairs_at_risk(np.zeros((1, 2, 4, 4), np.int8), 0, np.zeros((1, 2, 1, 1), np.int8))


def test_nothing_is_nothing():
    risk = pairs_at_risk(np.zeros((0, 4), np.uint8), np.zeros((4, 2), np.int8))
    assert (risk.pairs, risk.share) == (0, 0.0)
