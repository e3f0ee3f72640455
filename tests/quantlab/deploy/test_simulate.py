"""simulate gives ONNX Runtime's numbers, fuses what it fuses, refuses what it cannot compute."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from benchmarks.operator_models import fused_operators, run_in_runtime
from benchmarks.operator_questions import QUESTIONS
from quantlab.deploy.session import open_session
from quantlab.deploy.simulate import simulate
from quantlab.deploy.simulator.float_parameters import quantized_bias
from quantlab.deploy.simulator.recognize import plan_of
from quantlab.deploy.simulator.steps import IntegerStep, RuntimeStep
from quantlab.numerics import QParams

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


@pytest.mark.parametrize("operator", FUSED)
def test_what_onnx_runtime_fuses_is_one_integer_step_and_nothing_else_is(operator):
    asked = QUESTIONS[operator](np.random.default_rng(21), "uint8")
    steps = [type(step) for step in plan_of(asked.model).steps]
    assert FUSED[operator] in fused_operators(asked.model)
    fused = operator not in ("relu", "clip")
    assert steps.count(IntegerStep) == fused
    assert steps.count(RuntimeStep) == (not fused)


# One quantized input, then nodes and constants of a case's own, then y_q and y.
FRAME = """<ir_version: 10, opset_import: ["" : {opset}]>
case (float[N, 4, H, W] x) => (float[] y)
<float xs = {{0.05}}, {dtype} xz = {{{xz}}}, float ys = {{{ys}}}, {dtype} yz = {{{yz}}}{stored}> {{
    x_q = QuantizeLinear(x, xs, xz)
    x_d = DequantizeLinear(x_q, xs, xz)
    {nodes}
    y_q = QuantizeLinear(t, ys, yz)
    y = DequantizeLinear(y_q, ys, yz)
}}"""
WEIGHTS = ", float ws = {0.01}, int8 wz = {0}"
READ_WEIGHTS = "w = DequantizeLinear(w_q, ws, wz)\n"


def model_of(nodes, stored="", dtype="uint8", xz=10, ys=0.05, yz=10, opset=21, arrays=()):
    frame = FRAME.format(nodes=nodes, stored=stored, dtype=dtype, xz=xz, ys=ys, yz=yz, opset=opset)
    model = parser.parse_model(frame)
    rng = np.random.default_rng(22)
    q = rng.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8)
    for name, array in {"w_q": q, **dict(arrays)}.items():
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    return model


def image(*shape, spread=3.0):
    return np.random.default_rng(23).normal(0, spread, shape or (2, 4, 8, 8)).astype(np.float32)


CONV = READ_WEIGHTS + "c = Conv<pads=[1, 1, 1, 1]>(x_d, w)\n"
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


@pytest.mark.parametrize(
    ("said", "dtype"),
    [("", "uint8"), ("<output_dtype = 3>", "int8"), ("<output_dtype = 4>", "uint16")],
)
def test_without_zero_point_it_is_0_and_the_type_is_what_the_model_says(said, dtype):
    text = f"""<ir_version: 10, opset_import: ["" : 21]> case (float[N] x) => ({dtype}[N] y)
    <float s = {{0.05}}> {{
        y = QuantizeLinear{said}(x, s)
    }}"""
    model, x = parser.parse_model(text), image(50, spread=4.0)
    (ours,) = simulate(model, x).outputs.values()
    assert ours.dtype == dtype
    np.testing.assert_array_equal(ours, run_in_runtime(model, x))


def test_integers_of_an_unknown_type_are_refused():
    text = """<ir_version: 10, opset_import: ["" : 21]> case (uint8[N] q) => (float[N] y)
    <float s = {0.05}> {
        y = DequantizeLinear(q, s)
    }"""
    with pytest.raises(ValueError, match="has no zero_point, so the type of its integers is not"):
        simulate(parser.parse_model(text), np.zeros(3, np.uint8))


def test_float32_biases_are_rounded_half_to_even_in_steps_of_both_scales():
    x, w = QParams(0.5, 7, "uint8"), QParams(np.float32([0.25, 0.5]), 0, "int8", axis=0)
    operand = quantized_bias("b", np.float32([0.3125, -3.7]), x, w)
    # 0.3125 / 0.125 = 2.5 and -3.7 / 0.25 = -14.8
    np.testing.assert_array_equal(operand.constant, [2, -15])


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


def changed(nodes="t = Relu(x_d)", change=lambda model: None, **options):
    model = model_of(nodes, stored=WEIGHTS if "ws" in nodes else "", **options)
    change(model)
    return model


def integer_node(model):
    node = next(node for node in model.graph.node if node.output[0] == "t")
    node.CopyFrom(helper.make_node("ConvInteger", ["x_q", "w_q"], ["t"], name="first"))


def other_domain(model):
    next(node for node in model.graph.node if node.output[0] == "t").domain = "com.microsoft"


def computed_scale(model):
    model.graph.node[0].input[1] = "x"


def blocks(model):
    model.graph.node[1].attribute.append(helper.make_attribute("block_size", 2))


def float8(model):
    entry = next(entry for entry in model.graph.initializer if entry.name == "yz")
    entry.CopyFrom(helper.make_tensor("yz", TensorProto.FLOAT8E4M3FN, [], [0.0]))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (changed(change=integer_node), r"node 'first' \(ConvInteger\) cannot be simulated"),
        (changed(change=other_domain), r"node 't' \(Relu\) of com.microsoft cannot be simulated"),
        (changed(change=computed_scale), r"\(QuantizeLinear\) takes its scale from 'x'"),
        (changed(change=blocks), r"\(DequantizeLinear\) has one scale a block of 2 values"),
        (changed(change=float8), r"\(QuantizeLinear\) has integers of type FLOAT8E4M3FN"),
        (
            changed(
                CONV.replace("pads=[1, 1, 1, 1]", 'auto_pad="SAME_UPPER"') + "t = Relu(c)", yz=0
            ),
            r"node 'c' \(Conv\) has auto_pad='SAME_UPPER'",
        ),
        (
            changed("t = AveragePool<kernel_shape=[2, 2], dilations=[2, 2]>(x_d)"),
            r"node 't' \(AveragePool\) has dilations",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(model, words):
    with pytest.raises(ValueError, match=words):
        simulate(model, image())


def test_a_scaled_gemm_is_refused():
    asked = QUESTIONS["gemm"](np.random.default_rng(0), "uint8")
    node = next(node for node in asked.model.graph.node if node.op_type == "Gemm")
    node.attribute.append(helper.make_attribute("alpha", 0.5))
    with pytest.raises(ValueError, match=r"\(Gemm\) has alpha=0.5 and beta=1"):
        simulate(asked.model, asked.feeds)


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
    saturating = [simulate(q.model, q.feeds, saturating=True).outputs["y"] for q in asked]
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
    assert simulate(model, x, saturating=True).outputs["y"] == 32_767 + 508
