"""saturation_report counts what brute force counts, and predicts what a CPU without VNNI gives."""

import json
from itertools import product

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper, parser

from quantlab import Recipe, Rule, quantize_model, saturation_report
from quantlab.deploy import (
    build_onnx,
    export_onnx,
    probe_saturation,
    runtime_tensors,
    simulate,
)
from tests.quantlab.deploy.text_models import CONV, READ_WEIGHTS, WEIGHTS, image, model_of
from tests.support.networks import images, small_resnet

SATURATES = all(probe.wrong for probe in probe_saturation())
NO_INT16 = "No layer adds products in 16 bits: every CPU computes the same integers."
UINT8_WEIGHTS = Recipe(weights=Rule("uint8", "symmetric", "per-channel", "minmax", narrow=True))


@pytest.fixture(scope="module")
def net():
    torch.set_num_threads(1)
    return small_resnet(width=8)


@pytest.fixture(scope="module")
def quantized(net):
    return quantize_model(net, [images(4, 32)])


def linear(weights, operator="MatMul", shape="N, 4"):
    """x on a ruler of step 1, times integer weights, float behind."""
    rows, columns = np.shape(weights)
    text = f"""<ir_version: 10, opset_import: ["" : 21]>
    case (float[{shape}] x) => (float[{shape.rsplit(",", 1)[0]}, {columns}] y)
    <float s = {{1.0}}, uint8 z = {{0}}, int8 wz = {{0}}> {{
        x_q = QuantizeLinear(x, s, z)
        x_d = DequantizeLinear(x_q, s, z)
        w = DequantizeLinear(w_q, s, wz)
        y = {operator}(x_d, w)
    }}"""
    model = parser.parse_model(text)
    stored = np.asarray(weights).astype(np.int8)
    model.graph.initializer.append(numpy_helper.from_array(stored, "w_q"))
    assert rows == model.graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    return model


def brute_force(columns, rows):
    """Pairs, those outside INT16 and outputs with one, over lists of products in their order."""
    pairs = outside = affected = 0
    for q, w in product(columns, rows):
        products = [int(a) * int(b) for a, b in zip(q, w, strict=True)]
        sums = [sum(products[at : at + 2]) for at in range(0, len(products), 2)]
        out = sum(not -32_768 <= pair <= 32_767 for pair in sums)
        pairs, outside, affected = pairs + len(sums), outside + out, affected + bool(out)
    return pairs, outside, affected


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_a_convolutions_pairs_are_those_of_brute_force(dtype):
    # Both store the same real numbers: x86 moves INT8 up by 128 before it multiplies. Padding is
    # 140, so that it saturates too: 2 * 140 * 127 = 35,560.
    lower = 128 if dtype == "int8" else 0
    model = model_of(CONV + "t = Relu(c)", stored=WEIGHTS, dtype=dtype, xz=140 - lower, yz=-lower)
    x = image(2, 4, 5, 6)
    report = saturation_report(model, x)
    q = simulate(model, x).tensors["x_q"].astype(int) + lower
    w = numpy_helper.to_array(model.graph.initializer[-1])
    padded = np.pad(q, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=140)
    columns = [
        padded[n, :, h : h + 3, k : k + 3].transpose(1, 2, 0).ravel()
        for n, h, k in product(range(2), range(5), range(6))
    ]
    counted = brute_force(columns, [kernel.transpose(1, 2, 0).ravel() for kernel in w])
    (layer,) = report.layers
    assert (layer.pairs, layer.at_risk, layer.affected) == counted
    assert layer.outputs == 2 * 4 * 5 * 6
    assert counted[1] > 0
    assert (layer.label, layer.operator) == ("c", "Conv")
    assert layer.share == counted[1] / counted[0]


@pytest.mark.parametrize(
    ("operator", "shape"), [("MatMul", "N, 5"), ("MatMul", "N, 3, 5"), ("Gemm", "N, 5")]
)
def test_a_product_of_matrices_is_counted_matrix_by_matrix(operator, shape):
    rng = np.random.default_rng(31)
    w = rng.integers(-128, 128, (5, 6))
    model = linear(w, operator, shape)
    x = rng.integers(0, 256, (4, 3, 5) if shape.count(",") > 1 else (4, 5)).astype(np.float32)
    (layer,) = saturation_report(model, x).layers
    counted = brute_force(x.reshape(-1, 5), w.T)
    assert (layer.pairs, layer.at_risk, layer.affected) == counted
    assert layer.largest is None  # float32 behind
    assert layer.changed == layer.affected > 0


def test_a_transposed_gemm_is_counted_along_its_sums():
    w = np.int8([[127, 127, 1], [1, 127, 127]])  # transB: (N, K)
    model = linear(np.zeros((3, 2)), "Gemm", "N, 3")
    model.graph.node[-1].attribute.append(onnx.helper.make_attribute("transB", 1))
    model.graph.initializer[-1].CopyFrom(numpy_helper.from_array(w, "w_q"))
    # The first two products are a pair, the third has none: filter 0 saturates, filter 1 does not.
    (layer,) = saturation_report(model, np.float32([[255, 255, 255]])).layers
    assert (layer.pairs, layer.at_risk, layer.affected) == (4, 1, 1)


def test_the_prediction_is_what_a_cpu_without_vnni_gives(quantized, tmp_path):
    """On such a CPU against the runtime's two sessions; on another one its default is exact."""
    x = images(6, 32, seed=1)
    path = export_onnx(quantized, tmp_path / "net.onnx")
    report = saturation_report(path, x)
    assert report.at_risk > 0
    default, exact = runtime_tensors(path, x), runtime_tensors(path, x, exact=True)
    tensors = {layer.name: tensor for tensor, layer in simulate(path, x).layers.items()}
    for layer in report.layers:
        ours, theirs = (run.tensors[tensors[layer.name]].astype(int) for run in (exact, default))
        assert layer.outputs == ours.size
        if SATURATES:
            assert layer.changed == (ours != theirs).sum()
            assert layer.largest == np.abs(ours - theirs).max()
        else:
            np.testing.assert_array_equal(ours, theirs)
    (output,) = report.outputs
    ours, theirs = (run.outputs[output.name] for run in (exact, default))
    if SATURATES:
        apart = np.abs(ours.astype(np.float64) - theirs)
        assert output.largest == apart.max() > 0
        # The same 60 float64 numbers, summed in any order: n * eps / 2 relative.
        assert output.mean == pytest.approx(apart.mean(), rel=60 * 2.0**-53)
        assert output.same_top1 == (ours.argmax(1) == theirs.argmax(1)).sum()
    else:
        np.testing.assert_array_equal(ours, theirs)


def test_changes_reach_layers_that_have_no_pairs_of_their_own():
    second = "first = QuantizeLinear(c, ys, yz)\n first_d = DequantizeLinear(first, ys, yz)\n"
    deep = np.ones((4, 1, 1, 1), np.int8)
    model = model_of(
        CONV + second + "d = DequantizeLinear(d_q, ws, wz)\n t = Conv<group=4>(first_d, d)",
        stored=WEIGHTS,
        xz=100,
        arrays={"d_q": deep * 100},
    )
    first, depthwise = saturation_report(model, image()).layers
    assert first.at_risk > 0
    assert (depthwise.pairs, depthwise.at_risk, depthwise.affected) == (0, 0, 0)
    assert depthwise.changed > 0
    assert depthwise.largest > 0


def test_weights_within_seven_bits_have_no_risk():
    # 2 * 255 * 64 = 32,640 fits INT16, -2 * 255 * 64 too; 255 * (64 + 65) = 32,895 does not.
    x = np.full((3, 4), 255, np.float32)
    report = saturation_report(linear([[64, -64], [64, -64], [64, -64], [64, -64]]), x)
    assert report.at_risk == 0
    assert report.layers[0].changed == 0
    assert report.outputs[0].largest == 0
    assert report.summary == (
        "None of 12 pairs of products leaves INT16 on this input: a CPU without VNNI computes the "
        "same integers."
    )
    assert saturation_report(linear([[64], [65], [64], [64]]), x).at_risk == 3


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        ("t = Sigmoid(x_d)", np.zeros(0, np.int8)),
        (READ_WEIGHTS + "t = Conv<group=4>(x_d, w)", np.full((4, 1, 3, 3), 127, np.int8)),
        (READ_WEIGHTS + "t = Conv(x_d, w)", np.full((4, 4, 3, 3), 255, np.uint8)),
    ],
)
def test_exact_kernels_have_no_pairs(nodes, weights):
    kind = weights.dtype
    stored = f", float ws = {{0.01}}, {kind} wz = {{0}}"
    model = model_of(nodes, stored=stored, arrays={"w_q": weights})
    report = saturation_report(model, image())
    assert report.pairs == 0
    assert report.summary == NO_INT16
    assert str(report).startswith(NO_INT16)
    assert not report.notes


def test_top_1_and_accuracy_with_and_without_vnni():
    # Row 0 has 64,770 against 60,300, of which 32,767 against 60,300 is left. Others stay small.
    weights = [[127, 60], [127, 60], [0, 60], [0, 60]]
    x = np.float32([[255, 255, 255, 240], [10, 10, 0, 0], [0, 0, 9, 9]])
    sums = x @ np.float32(weights)
    assert list(sums.argmax(axis=1)) == [0, 0, 1]
    report = saturation_report(linear(weights), x, labels=[0, 0, 0])
    (output,) = report.outputs
    assert (output.rows, output.same_top1, output.right_exact) == (3, 2, 2)
    assert output.right_saturating == 1
    assert output.largest == 64_770 - 32_767
    assert output.mean == (64_770 - 32_767) / 6
    assert output.agreement == output.accuracy_exact == 2 / 3
    assert "top-1 is the same in 66.7 % of 3 rows." in " ".join(report.notes)
    assert "66.7 % with exact sums, 33.3 % predicted without VNNI." in " ".join(report.notes)


def test_batches_count_like_one(quantized):
    x, labels = images(6, 32, seed=1), np.arange(6)
    at_once = saturation_report(quantized, x, labels=labels)
    in_turn = saturation_report(quantized, [x[:4], x[4:]], labels=labels)
    assert in_turn == at_once


def test_the_remedies_work(net, quantized):
    x = images(4, 32, seed=1)
    report = saturation_report(quantized, x)
    for remedy in ("open_session(path, exact=True)", 'Rule("uint8", ', "keep_float"):
        assert remedy in " ".join(report.notes)
    # UINT8 weights are the INT8 ones, 128 higher: the same exact integers, in any session.
    unsigned = quantize_model(net, [images(4, 32)], UINT8_WEIGHTS)
    assert saturation_report(unsigned, x).pairs == 0
    exact = simulate(build_onnx(quantized, signed_activations=False), x)
    default = runtime_tensors(build_onnx(unsigned, signed_activations=False), x)
    for name, tensor in default.tensors.items():
        np.testing.assert_array_equal(tensor, exact.tensors[name])
    risky = tuple(layer.name for layer in report.layers if layer.at_risk)
    floating = quantize_model(net, [images(4, 32)], Recipe(keep_float=risky))
    left = {layer.name: layer.at_risk for layer in saturation_report(floating, x).layers}
    assert not left.keys() & set(risky)


def test_the_text_names_every_layer_and_json_takes_the_rest(quantized):
    report = saturation_report(quantized, images(2, 32, seed=1))
    text = str(report)
    assert max(map(len, text.splitlines())) <= 100
    for layer in report.layers:
        assert layer.label in text
        assert f"{layer.changed:,}" in text
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["at_risk"] == report.at_risk
    assert plain["layers"][0]["label"] == "stem.0.0"
    assert plain["outputs"][0]["agreement"] == report.outputs[0].agreement


@pytest.mark.parametrize(
    ("x", "labels", "words"),
    [
        ([], None, "x is an empty list"),
        (np.zeros((2, 4)), None, "'x' has dtype float64"),
        (np.zeros((2, 4), np.float32), [0], r"labels is int64 of shape \(1,\).*has 2 rows"),
        (np.zeros((2, 4), np.float32), [0.0, 1.0], "labels is float64"),
        (np.zeros((2, 4), np.float32), [0, 2], "labels run from 0 to 2.*classes 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(x, labels, words):
    with pytest.raises(ValueError, match=words):
        saturation_report(linear(np.ones((4, 2))), x, labels=labels)


def test_labels_need_an_output_of_classes():
    with pytest.raises(ValueError, match=r"no output of the model is float of shape \(N, classes"):
        saturation_report(model_of("t = Relu(x_d)"), image(), labels=[0, 1])
