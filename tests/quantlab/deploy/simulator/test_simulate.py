"""simulate gives ONNX Runtime's numbers, at every quantized tensor and on every kind of CPU."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.simulator.simulate import simulate
from quantlab.numerics import QParams
from quantlab.numerics.ops import add
from tests.quantlab.deploy.text_models import CONV, WEIGHTS, image, model_of
from tests.support.operator_models import run_in_runtime
from tests.support.operator_questions import QUESTIONS
from tests.support.question import question


def theirs(model, feeds):
    return run_in_runtime(model, *(feeds[entry.name] for entry in model.graph.input))


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("operator", QUESTIONS)
def test_every_operator_gives_onnx_runtimes_numbers(operator, dtype):
    rng = np.random.default_rng(20)
    for _ in range(12):
        asked = QUESTIONS[operator](rng, dtype)
        ours = simulate(asked.model, asked.feeds)
        np.testing.assert_array_equal(ours.outputs["y"], theirs(asked.model, asked.feeds))


def test_every_quantized_tensor_is_there_with_the_node_that_made_it():
    model = model_of(CONV + "t = Relu(c)", stored=WEIGHTS, yz=0)
    for node in model.graph.node:
        node.name = f"node of {node.output[0]}"
    done = simulate(model, image())
    assert list(done.tensors) == list(done.layers) == ["x_q", "y_q"]
    assert [layer.name for layer in done.layers.values()] == ["node of x_q", "node of c"]
    assert done.tensors["y_q"].dtype == np.uint8
    assert done.tensors["y_q"].shape == (2, 4, 8, 8)


def test_a_path_will_do(tmp_path):
    model = model_of(CONV + "t = Relu(c)", stored=WEIGHTS, yz=0)
    onnx.save(model, tmp_path / "small.onnx")
    x = image()
    np.testing.assert_array_equal(
        simulate(tmp_path / "small.onnx", x).outputs["y"], simulate(model, x).outputs["y"]
    )


def test_a_wrong_zero_point_gives_other_integers_than_the_right_one():
    x = image()
    right = simulate(model_of(CONV + "t = Relu(c)", stored=WEIGHTS, yz=0), x)
    wrong = simulate(model_of(CONV + "t = Relu(c)", stored=WEIGHTS, yz=0, xz=11), x)
    assert (right.tensors["y_q"] != wrong.tensors["y_q"]).any()


def test_a_runtime_error_names_the_node():
    # 2^31 / (255 * 127) = 66,311 products of one sign: 70,000 leave int32, and are refused.
    text = """<ir_version: 10, opset_import: ["" : 21]> case (float[1, K] x) => (float[1, 1] y)
    <float s = {1.0}, uint8 z = {0}, int8 wz = {0}> {
        x_q = QuantizeLinear(x, s, z)
        x_d = DequantizeLinear(x_q, s, z)
        w = DequantizeLinear(w_q, s, wz)
        [long] y = MatMul(x_d, w)
    }"""
    model = parser.parse_model(text.replace("[long] y", "y"))
    model.graph.node[-1].name = "long"
    model.graph.initializer.append(
        numpy_helper.from_array(np.full((70_000, 1), 127, np.int8), "w_q")
    )
    with pytest.raises(ValueError, match="node 'long': the accumulator runs from"):
        simulate(model, np.full((1, 70_000), 255, np.float32))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((1, 4, 8, 8)), "'x' has dtype float64"),
        (np.zeros((1, 3, 8, 8), np.float32), r"'x' has shape \(1, 3, 8, 8\)"),
        ({"image": np.zeros((1, 4, 8, 8), np.float32)}, "inputs has 'image'"),
        (np.full((1, 4, 8, 8), np.nan, np.float32), "x holds nan"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(x, words):
    with pytest.raises(ValueError, match=words):
        simulate(model_of("t = Relu(x_d)"), x)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("operator", ["conv", "conv + relu", "gemm", "matmul"])
def test_a_cpu_without_vnni_is_predicted(operator, dtype):
    # Weights use all 8 bits here, so many pairs of products leave INT16.
    rng = np.random.default_rng(26)
    asked = [QUESTIONS[operator](rng, dtype) for _ in range(25)]
    by_default = [open_session(q.model).run(None, q.feeds)[0] for q in asked]
    exact = [simulate(q.model, q.feeds).outputs["y"] for q in asked]
    saturating = [simulate(q.model, q.feeds, exact=False).outputs["y"] for q in asked]
    assert any((a != b).any() for a, b in zip(exact, saturating, strict=True))
    # With VNNI a default session adds in 32 bits too: then it is the exact integers it has to give.
    vnni = all((a == b).all() for a, b in zip(exact, by_default, strict=True))
    for ours, ort in zip(exact if vnni else saturating, by_default, strict=True):
        np.testing.assert_array_equal(ours, ort)


def test_a_pair_that_saturates_by_hand():
    # 255 * 127 + 255 * 127 = 64,770 stops at 32,767; the other pair, 2 * 254, does not.
    text = """<ir_version: 10, opset_import: ["" : 21]> case (float[1, 4] x) => (float[1, 1] y)
    <float s = {1.0}, uint8 z = {0}, int8 wz = {0}, int8[4, 1] w_q = {127, 127, 1, 1}> {
        x_q = QuantizeLinear(x, s, z)
        x_d = DequantizeLinear(x_q, s, z)
        w = DequantizeLinear(w_q, s, wz)
        y = MatMul(x_d, w)
    }"""
    model, x = parser.parse_model(text), np.float32([[255, 255, 254, 254]])
    assert simulate(model, x).outputs["y"] == 64_770 + 508
    assert simulate(model, x, exact=False).outputs["y"] == 32_767 + 508


def test_int8_sums_are_those_of_the_moved_integers_at_every_pair_of_integers():
    # Of these 65,536 sums some fall next to a tie, where float32 rounds otherwise 128 lower.
    a, b, y = (
        QParams(np.float32(0.07561136), 120, "int8"),
        QParams(0.015625, 95, "int8"),
        QParams(0.125, -107, "int8"),
    )
    every = np.arange(-128, 128).astype(np.int8)
    pairs = [np.repeat(every, 256), np.tile(every, 256)]
    asked = question("Add", [(pairs[0], a), (pairs[1], b)], [], y)
    ours = simulate(asked.model, asked.feeds)
    np.testing.assert_array_equal(ours.outputs["y"], theirs(asked.model, asked.feeds))
    assert (ours.tensors["qy"] != add(pairs[0], a, pairs[1], b, y)).any()
