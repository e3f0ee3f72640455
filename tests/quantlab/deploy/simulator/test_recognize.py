"""Nodes belong together where ONNX Runtime fuses them, and the numbers agree however they do."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.simulator.recognize import plan_of
from quantlab.deploy.simulator.simulate import simulate
from quantlab.deploy.simulator.steps import IntegerStep, RuntimeStep
from tests.quantlab.deploy.text_models import CONV, READ_WEIGHTS, WEIGHTS, image, model_of
from tests.support.operator_models import fused_operators, run_in_runtime
from tests.support.operator_questions import QUESTIONS

# What ONNX Runtime makes of each operator: the node in its optimized graph.
FUSED = {
    "conv": "QLinearConv",
    "conv + relu": "QLinearConv",
    "conv + relu6": "QLinearConv",
    "gemm": "QGemm",
    "matmul": "QLinearMatMul",
    "add": "QLinearAdd",
    "mul": "QLinearMul",
    "concat": "QLinearConcat",
    "global_average_pool": "QLinearGlobalAveragePool",
    "average_pool": "QLinearAveragePool",
    "average_pool, ceil + pads": "QLinearAveragePool",
    "max_pool": "MaxPool",
    "resize": "Resize",
    "relu": "Relu",
    "clip": "Clip",
    "sigmoid": "QLinearSigmoid",
    "softmax": "QLinearSoftmax",
    "leaky_relu": "QLinearLeakyRelu",
}


@pytest.mark.parametrize("operator", FUSED)
def test_what_onnx_runtime_fuses_is_one_integer_step_and_nothing_else_is(operator):
    asked = QUESTIONS[operator](np.random.default_rng(21), "uint8")
    steps = [type(step) for step in plan_of(asked.model).steps]
    assert FUSED[operator] in fused_operators(asked.model)
    fused = operator not in ("relu", "clip")
    assert steps.count(IntegerStep) == fused
    assert steps.count(RuntimeStep) == (not fused)


FLOATS = {"wf": np.float32(np.random.default_rng(24).normal(size=(4, 4, 3, 3)))}
BIAS = {"bf": np.float32([0.3, -1.0, 0.0, 2.0])}
LIMITS = {"low": np.float32(0), "high": np.float32(6)}
POOL = "MaxPool<kernel_shape=[2, 2]>"

# name: (nodes, what model_of takes besides, operators computed on integers, operators in float32)
CASES = {
    "Relu that the ruler does": (CONV + "t = Relu(c)", {"yz": 0}, ["Conv"], []),
    "Relu that it does not": (CONV + "t = Relu(c)", {}, [], ["Conv", "Relu"]),
    "Clip that the ruler does": (
        CONV + "t = Clip(c, low, high)",
        {"yz": 0, "ys": 6 / 255, "arrays": LIMITS},
        ["Conv"],
        [],
    ),
    "Clip that it does not": (
        CONV + "t = Clip(c, low, high)",
        {"yz": 0, "ys": 8 / 255, "arrays": LIMITS},
        [],
        ["Conv", "Clip"],
    ),
    "HardSwish keeps its Conv in float32": (
        CONV + "t = HardSwish(c)",
        {},
        [],
        ["Conv", "HardSwish"],
    ),
    "a ruler carried back over Relu and MaxPool": (
        CONV + f"r = Relu(c)\nt = {POOL}(r)",
        {"yz": 0},
        ["Conv", "MaxPool"],
        [],
    ),
    "a ruler carried on past MaxPool": (
        READ_WEIGHTS + f"m = {POOL}(x_d)\nt = Conv(m, w)",
        {},
        ["MaxPool", "Conv"],
        [],
    ),
    "no ruler is carried back over Flatten": (CONV + "t = Flatten(c)", {}, [], ["Conv", "Flatten"]),
    "MaxPool to another ruler": (f"t = {POOL}(x_d)", {"yz": 3}, ["MaxPool"], []),
    "Flatten to another ruler": ("t = Flatten(x_d)", {"yz": 3}, [], ["Flatten"]),
    "auto_pad that says there is none": (
        READ_WEIGHTS + 't = Conv<auto_pad="VALID">(x_d, w)',
        {},
        ["Conv"],
        [],
    ),
    "linear Resize": (
        "n = Constant<value = float[4] {1.0, 1.0, 2.0, 2.0}>()\n"
        't = Resize<mode="linear">(x_d, , n)',
        {},
        [],
        ["Resize"],
    ),
    "GlobalAveragePool in front of Flatten": (
        "g = GlobalAveragePool(x_d)\nt = Flatten(g)",
        {},
        [],
        ["GlobalAveragePool", "Flatten"],
    ),
    "a sum with itself": ("t = Add(x_d, x_d)", {}, ["Add"], []),
    "float32 weights are quantized": ("t = Conv(x_d, wf)", {"arrays": FLOATS}, ["Conv"], []),
    "float32 biases are quantized": (
        READ_WEIGHTS + "t = Conv(x_d, w, bf)",
        {"arrays": BIAS},
        ["Conv"],
        [],
    ),
    "Squeeze, Unsqueeze and Transpose": (
        "a = Constant<value = int64[1] {0}>()\nu = Unsqueeze(x_d, a)\ns = Squeeze(u, a)\n"
        "p = Transpose<perm = [0, 2, 3, 1]>(s)\nt = Identity(p)",
        {},
        ["Unsqueeze", "Squeeze", "Transpose", "Identity"],
        [],
    ),
    "Reshape with a kept dimension": (
        "a = Constant<value = int64[3] {0, -1, 2}>()\nt = Reshape(x_d, a)",
        {},
        ["Reshape"],
        [],
    ),
    "16-bit activations stay float32": (
        "t = Sigmoid(x_d)",
        {"dtype": "uint16", "xz": 30000, "yz": 5, "ys": 1e-4},
        [],
        ["Sigmoid"],
    ),
    "before opset 13 axes are an attribute": (
        "u = Unsqueeze<axes=[0]>(x_d)\nt = Squeeze<axes=[0]>(u)",
        {"opset": 11},
        ["Unsqueeze", "Squeeze"],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_groups_are_those_of_onnx_runtime(case):
    nodes, options, integer, floating = CASES[case]
    stored = WEIGHTS if "ws" in nodes else ""
    model = model_of(nodes, stored=stored, **options)
    steps = plan_of(model).steps
    assert [s.operator for s in steps if isinstance(s, IntegerStep)] == integer
    assert [s.operator for s in steps if isinstance(s, RuntimeStep)] == floating
    x = image()
    np.testing.assert_array_equal(simulate(model, x).outputs["y"], run_in_runtime(model, x))


@pytest.mark.parametrize(
    ("layer", "shape"), [("Gemm<transB=1>(x_d, w, b)", (5, 6)), ("MatMul(x_d, w)", (6, 5))]
)
def test_a_product_with_no_ruler_behind_is_summed_in_integers(layer, shape):
    text = f"""<ir_version: 10, opset_import: ["" : 21]> case (float[N, 6] x) => (float[N, M] y)
    <float xs = {{0.05}}, uint8 xz = {{10}}, float ws = {{0.01}}, int8 wz = {{0}},
     int32[5] b_q = {{-300, 20, 5000, 0, 7}}, float bs = {{0.0005}}> {{
        x_q = QuantizeLinear(x, xs, xz)
        x_d = DequantizeLinear(x_q, xs, xz)
        w = DequantizeLinear(w_q, ws, wz)
        b = DequantizeLinear(b_q, bs)
        y = {layer}
    }}"""
    model = parser.parse_model(text)
    q = np.random.default_rng(25).integers(-127, 128, shape).astype(np.int8)
    model.graph.initializer.append(numpy_helper.from_array(q, "w_q"))
    x = image(3, 6)
    done = simulate(model, x)
    np.testing.assert_array_equal(done.outputs["y"], run_in_runtime(model, x))
    assert {"QGemm", "MatMulIntegerToFloat"} & set(fused_operators(model))
    assert not [s for s in plan_of(model).steps if isinstance(s, RuntimeStep)]


def test_a_layer_whose_float32_output_is_wanted_stays_float32():
    model = model_of(CONV.replace("c =", "t ="), stored=WEIGHTS)
    model.graph.output.append(helper.make_tensor_value_info("t", TensorProto.FLOAT, None))
    x = image()
    assert [s.operator for s in plan_of(model).steps if isinstance(s, RuntimeStep)] == ["Conv"]
    done = simulate(model, x)
    for name, theirs in zip(["y", "t"], open_session(model).run(["y", "t"], {"x": x}), strict=True):
        np.testing.assert_array_equal(done.outputs[name], theirs)


def test_float32_weights_stay_float32_with_no_ruler_behind():
    text = """<ir_version: 10, opset_import: ["" : 21]> case (float[N, 6] x) => (float[N, 5] y)
    <float s = {0.05}, uint8 z = {10}> {
        x_q = QuantizeLinear(x, s, z)
        x_d = DequantizeLinear(x_q, s, z)
        y = Gemm(x_d, w)
    }"""
    model = parser.parse_model(text)
    w = np.random.default_rng(27).normal(size=(6, 5)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(w, "w"))
    x = image(3, 6)
    assert [s.operator for s in plan_of(model).steps if isinstance(s, RuntimeStep)] == ["Gemm"]
    np.testing.assert_array_equal(simulate(model, x).outputs["y"], run_in_runtime(model, x))


@pytest.mark.parametrize("largest", [64, 65])
def test_an_int8_constant_that_onnx_runtime_leaves_int8_keeps_its_sum_in_float32(largest):
    text = f"""<ir_version: 10, opset_import: ["" : 21]> case (float[N] x) => (float[N] y)
    <float s = {{0.05}}, int8 z = {{3}}, int8[1] c_q = {{{largest}}}> {{
        x_q = QuantizeLinear(x, s, z)
        x_d = DequantizeLinear(x_q, s, z)
        c = DequantizeLinear(c_q, s, z)
        t = Add(x_d, c)
        y_q = QuantizeLinear(t, s, z)
        y = DequantizeLinear(y_q, s, z)
    }}"""
    model, x = parser.parse_model(text), image(50)
    fused = [s.operator for s in plan_of(model).steps if isinstance(s, IntegerStep)]
    assert fused == (["Add"] if "QLinearAdd" in fused_operators(model) else [])
    assert fused == (["Add"] if largest > 64 else [])
    np.testing.assert_array_equal(simulate(model, x).outputs["y"], run_in_runtime(model, x))
    # A session that is not asked for sums in 32 bits moves no constants at all.
    by_default = plan_of(model, exact=False).steps
    assert not [s for s in by_default if isinstance(s, IntegerStep)]
    (theirs,) = open_session(model).run(None, {"x": x})
    np.testing.assert_array_equal(simulate(model, x, exact=False).outputs["y"], theirs)
