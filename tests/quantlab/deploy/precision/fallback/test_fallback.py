"""Every reason for FP32 in a net that shows it in ONNX Runtime, and its cure, which runs in INT8.

That a node ran in FP32 is read from ONNX Runtime's own graph. The cure differs from the ill net in
nothing but what the reason names, and brings the integer kernel: the reason is the right one.
"""

import numpy as np
import pytest
from onnx import TensorProto

from quantlab.base.machine import is_x86
from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.precision.fallback import fallback_reason
from quantlab.deploy.precision.report import precision_report
from tests.quantlab.deploy.qdq_net import STEP, QdqNet

CASES = {}


def cut(net, axis, count):
    """The inputs of a Slice that keeps the first entries of an axis."""
    return [
        net.constant(f"{name}_{axis}", np.array([value]))
        for name, value in (("from", 0), ("to", count), ("axis", axis))
    ]


def case(layer, kind, words):
    """A function of `ill`, True or False, that returns the net: the reason expected when ill."""

    def register(build):
        CASES[build.__name__] = (build, layer, kind, words)
        return build

    return register


@case("c", "no QuantizeLinear after it", "leaves the model as float")
def no_quantizer(ill):
    net = QdqNet()
    c = net.conv(net.x, "c")
    return net.model(c if ill else net.qdq(c, "y"))


@case("c", "no QuantizeLinear after it", "Tanh 't' reads its output as float")
def float_reader(ill):
    net = QdqNet()
    c = net.conv(net.x, "c")
    return net.model(net.node("Tanh", c if ill else net.qdq(c, "y"), "t"))


@case("c", "no QuantizeLinear after it", "read by Tanh 't' and Abs 'a'")
def two_float_readers(ill):
    net = QdqNet()
    c = net.conv(net.x, "c")
    c = c if ill else net.qdq(c, "y")
    both = [net.node("Tanh", c, "t"), net.node("Abs", c, "a")]
    return net.model(net.node("Sub", both, "s"))


@case("c", "several readers", "read by QuantizeLinear 'y_q' and Tanh 't'")
def quantizer_and_float_reader(ill):
    net = QdqNet()
    c = net.conv(net.x, "c")
    y = net.qdq(c, "y")
    return net.model(net.node("Sub", [y, net.node("Tanh", c if ill else y, "t")], "s"))


@case("c", "HardSwish before QuantizeLinear", "HardSwish 'h' stands between")
def hard_swish_between(ill):
    net = QdqNet()
    c = net.conv(net.x, "c")
    return net.model(net.qdq(net.node("HardSwish", c if ill else net.qdq(c, "y"), "h"), "z"))


@case("c", "Relu before QuantizeLinear", "range [-4, 3.97] goes beyond")
def relu_between(ill):
    net = QdqNet(zero_point=128 if ill else 0)
    return net.model(net.qdq(net.node("Relu", net.conv(net.x, "c"), "r"), "y"))


@case("c", "Clip before QuantizeLinear", "range [0, 7.97] goes beyond")
def clip_between(ill):
    net = QdqNet(zero_point=0)
    bounds = [net.constant("lo", np.float32(0)), net.constant("hi", np.float32(6 if ill else 9))]
    return net.model(net.qdq(net.node("Clip", [net.conv(net.x, "c"), *bounds], "r"), "y"))


@case("c", "no QuantizeLinear after it", "leaves the model as float")
def relu_and_no_quantizer(ill):
    net = QdqNet(zero_point=0)
    r = net.node("Relu", net.conv(net.x, "c"), "r")
    return net.model(r if ill else net.qdq(r, "y"))


@case("c", "weights not constant", "computed in float while the model runs, by Slice 'w'")
def computed_weights(ill):
    net = QdqNet()
    first = net.node("Slice", ["input", *cut(net, 2, 1)], "first")
    w = net.node("Slice", [first, *cut(net, 3, 1)], "w")
    w = w if ill else net.qdq(w, "w_real")
    return net.model(net.qdq(net.node("Conv", [net.x, w], "c"), "y"))


@case("c", "weights not constant", "Its weights 'input' are a float input")
def weights_from_outside(ill):
    net = QdqNet()
    c = net.node("Conv", [net.x, "input" if ill else net.x], "c")
    return net.model(net.qdq(c, "y"))


@case("c", "kept float", "weights are float in the file")
def kept_float(ill):
    net = QdqNet()
    if ill:
        w, b = net.float_weights("w", (8, 8, 1, 1)), net.float_weights("b", (8,))
        return net.model(net.conv(net.x, "c", weights=w, bias=b))
    return net.model(net.qdq(net.conv(net.x, "c"), "y"))


@case("a", "kept float", "Nothing around it is quantized")
def nothing_quantized(ill):
    net = QdqNet()
    if ill:
        return net.model(net.node("Add", ["input", "input"], "a"))
    return net.model(net.qdq(net.node("Add", [net.x, net.x], "a"), "y"))


@case("a", "float input", "comes as float from Tanh 't'")
def float_input(ill):
    net = QdqNet()
    t = net.node("Tanh", net.x, "t")
    return net.model(net.qdq(net.node("Add", [net.x, t if ill else net.qdq(t, "u")], "a"), "y"))


@case("a", "float input", "'k' is a float constant")
def float_constant(ill):
    net = QdqNet()
    k = net.constant("k", np.ones((1, 8, 1, 1), np.float32))
    return net.model(net.qdq(net.node("Add", [net.x, k if ill else net.qdq(k, "u")], "a"), "y"))


@case("a", "float input", "'input' is a float input of the model")
def model_input(ill):
    net = QdqNet()
    return net.model(net.qdq(net.node("Add", [net.x, "input" if ill else net.x], "a"), "y"))


@case("c", "not 8 bits", "int16")
def sixteen_bits(ill):
    net = QdqNet("int16" if ill else "uint8")
    return net.model(net.qdq(net.conv(net.x, "c"), "y"))


@case("p", "rulers differ", "MaxPool hands integers on as they are")
def pool_with_another_ruler(ill):
    net = QdqNet()
    scale = net.constant("other", np.float32(0.07)) if ill else "scale"
    q = net.q(net.node("MaxPool", net.x, "p", kernel_shape=[2, 2]), "y_q", scale)
    return net.model(net.dq(q, "y", scale))


@case("p", "scale not constant", "A scale beside the MaxPool is computed.")
def computed_scale(ill):
    net = QdqNet()
    scale = net.node("ReduceMax", "input", "s", keepdims=0) if ill else "scale"
    x = net.dq(net.q("input", "v_q", scale), "v", scale)
    q = net.q(net.node("MaxPool", x, "p", kernel_shape=[2, 2]), "y_q", scale)
    return net.model(net.dq(q, "y", scale))


@case("c", "Clip before QuantizeLinear", "whose range is computed")
def clip_before_a_computed_scale(ill):
    net = QdqNet(zero_point=0)
    bounds = [net.constant("lo", np.float32(0)), net.constant("hi", np.float32(9))]
    r = net.node("Clip", [net.conv(net.x, "c"), *bounds], "r")
    scale = net.node("ReduceMax", "input", "s", keepdims=0) if ill else "scale"
    return net.model(net.dq(net.q(r, "y_q", scale), "y", scale))


@case("c", "scale a channel", "Its output has")
def a_scale_for_each_channel_behind_a_relu(ill):
    net = QdqNet(zero_point=0)
    r = net.node("Relu", net.conv(net.x, "c"), "r")
    return net.model(net.dq(*_by_channel(net, r, "y", ill)))


def _by_channel(net, tensor, name, each):
    """The arguments of a DequantizeLinear whose scale, and its QuantizeLinear's, is one or eight.

    The operator's axis is 1 by default, that of the channels.
    """
    if not each:
        return net.q(tensor, f"{name}_q"), name
    scale = net.constant(f"{name}_scale", np.full(8, STEP, np.float32))
    zero = net.constants["zero_point"]
    zeros = net.constant(f"{name}_zero", np.full(8, zero, zero.dtype))
    return net.q(tensor, f"{name}_q", scale, zeros), name, scale, zeros


@case("s", "rulers differ", "Slice hands integers on as they are")
def slice_with_another_ruler(ill):
    net = QdqNet()
    scale = net.constant("other", np.float32(0.07)) if ill else "scale"
    s = net.node("Slice", [net.x, *cut(net, 1, 3)], "s")
    return net.model(net.dq(net.q(s, "y_q", scale), "y", scale))


@case("g", "Gemm with a factor", "beta=0.5")
def gemm_with_a_factor(ill):
    net = QdqNet()
    flat = net.qdq(net.node("Flatten", net.x, "f"), "g_in")
    w, b = net.weights("w", (4, 2048)), net.bias("b", 4)
    g = net.node("Gemm", [flat, w, b], "g", transB=1, beta=0.5 if ill else 1.0)
    return net.model(net.qdq(g, "y"))


@case("c", "bias not constant", "Its bias 'b' is computed while the model runs")
def computed_bias(ill):
    net = QdqNet()
    axes = net.constant("axes", np.array([0, 2, 3]))
    b = net.node("ReduceMax", ["input", axes], "b", keepdims=0)
    return net.model(net.qdq(net.conv(net.x, "c", bias=b if ill else ""), "y"))


@case("c", "not 8 bits", "Its weights are int4")
def four_bit_weights(ill):
    net = QdqNet()
    model = net.model(net.qdq(net.conv(net.x, "c"), "y"))
    for tensor in model.graph.initializer:
        if ill and tensor.name in ("c_w_q", "c_w_zero"):
            tensor.data_type = TensorProto.INT4
            tensor.raw_data = bytes(np.prod(tensor.dims) // 2)  # two to a byte, all zero
    return model


@case("c", "scale a channel", "one a tensor")
def input_with_a_scale_a_channel(ill):
    net = QdqNet()
    q = net.q("input", "v_q")
    many = [net.constant("scales", np.full(8, 2.0**-5, np.float32))]
    many += [net.constant("zeros", np.full(8, 128, np.uint8))]
    v = net.node("DequantizeLinear", [q, *many], "v", axis=1)
    return net.model(net.qdq(net.conv(v if ill else net.dq(q, "w"), "c"), "y"))


@case("r", "no integer kernel: Resize with mode='linear'", "only to the nearest pixel")
def linear_resize(ill):
    net = QdqNet()
    scales = net.constant("scales", np.array([1, 1, 2, 2], np.float32))
    mode = "linear" if ill else "nearest"
    return net.model(net.qdq(net.node("Resize", [net.x, "", scales], "r", mode=mode), "y"))


def int8_output(ill):
    net = QdqNet("int8")
    q = net.q(net.conv(net.x, "c"), "y_q")
    return net.model(q, TensorProto.INT8) if ill else net.model(net.dq(q, "y"))


def int8_input(ill):
    net = QdqNet("int8")
    if ill:
        net.nodes.clear()
        net.dq("input", "x")
    y = net.qdq(net.conv("x", "c"), "y")
    return net.model(y, given=TensorProto.INT8 if ill else TensorProto.FLOAT)


def int8_input_with_two_readers(ill):
    net = QdqNet("int8")
    other = net.x
    if not ill:
        scale = net.constant("other", np.float32(0.07))
        other = net.dq(net.q("input", "again_q", scale), "again", scale)
    branch = net.qdq(net.conv(net.x, "c"), "c_out")
    return net.model(net.qdq(net.node("Add", [branch, other], "a"), "y"))


def int8_input_quantized_twice_alike(ill):
    """ONNX Runtime merges equal nodes: a QuantizeLinear for each reader is one after all."""
    net = QdqNet("int8")
    branch = net.qdq(net.conv(net.x, "c"), "c_out")
    if not ill:
        return net.model(branch)
    again = net.qdq("input", "again")
    return net.model(net.qdq(net.node("Add", [branch, again], "a"), "y"))


def int8_output_with_two_readers(ill):
    net = QdqNet("int8")
    q = net.q(net.conv(net.x, "c"), "y_q")
    y = net.dq(q, "y")
    if not ill:
        return net.model(net.node("Abs", y, "s"))
    return net.model(net.node("Sub", [y, net.dq(q, "z")], "s"))


SIGNED = {
    int8_output: ("int8 output", "'y_q' leaves the model as it is"),
    int8_input: ("int8 input", "'input' enters the model as it is"),
    int8_input_with_two_readers: (
        "int8 tensor with several readers",
        "2 nodes read the int8 tensor 'x_q'",
    ),
    int8_input_quantized_twice_alike: (
        "int8 tensor with several readers",
        "2 nodes read the int8 tensor 'x_q'",
    ),
    int8_output_with_two_readers: (
        "int8 tensor with several readers",
        "2 nodes read the int8 tensor 'y_q'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reason_is_given_and_its_cure_brings_the_integer_kernel(name):
    build, layer, kind, words = CASES[name]
    (ill,) = of_layer(build(ill=True), layer)
    assert (ill.precision, ill.kind) == ("FP32", kind)
    assert words in ill.reason
    (well,) = of_layer(build(ill=False), layer)
    assert (well.precision, well.kind, well.reason) == ("INT8", "", "")


def of_layer(model, layer):
    """What runs for one node of the file, conversions apart."""
    nodes = precision_report(model, profile=False).nodes
    return [node for node in nodes if node.layer == layer and node.precision != "layout"]


@pytest.mark.parametrize("build", SIGNED)
def test_signed_activations_fall_back_on_x86_where_they_cannot_be_made_unsigned(build):
    kind, words = SIGNED[build]
    (ill,) = of_layer(build(ill=True), "c")
    if is_x86():
        assert (ill.precision, ill.kind) == ("FP32", kind)
        assert words in ill.reason
    else:
        assert ill.precision == "INT8"
    (well,) = of_layer(build(ill=False), "c")
    assert (well.precision, well.kind) == ("INT8", "")


def test_elsewhere_than_on_x86_signed_and_unsigned_must_not_mix():
    """x86 makes both unsigned, so what other CPUs do is read from the rules alone."""
    net = QdqNet()
    q = net.q(net.conv(net.x, "c"), "y_q", zero_point=net.constant("signed", np.int8(0)))
    graph = read_graph(net.model(net.dq(q, "y", zero_point="signed")))
    conv = next(node for node in graph.nodes if node.operator == "Conv")
    reason = fallback_reason(graph, conv, x86=False)
    assert (reason.kind, reason.sentence) == ("types differ", "It reads uint8 and writes int8.")


UNARY = ["Abs", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Log", "Mish", "Neg", "Tanh"]


@pytest.mark.parametrize("operator", [*UNARY, "Sub", "Div", "ReduceMean", "GlobalMaxPool"])
def test_operators_without_an_integer_kernel_are_named(operator):
    net = QdqNet()
    inputs = [net.x, net.x] if operator in ("Sub", "Div") else [net.x]
    nodes = of_layer(net.model(net.qdq(net.node(operator, inputs, "n"), "y")), "n")
    assert nodes, "a function of ONNX may run as several nodes, but it runs"
    for node in nodes:
        assert (node.precision, node.kind) == ("FP32", f"no integer kernel: {operator}")


def choosing(net, operator):
    """A node that hands on some integers of its input, with what else it needs."""
    further = {
        "Expand": [net.constant("to", np.array([3, 8, 16, 16]))],
        "Gather": [net.constant("at", np.array([0, 2]))],
        "GatherElements": [net.constant("at", np.zeros((1, 8, 16, 16), np.int64))],
        "ReduceMax": [net.constant("axes", np.array([2]))],
        "ReduceMin": [net.constant("axes", np.array([2]))],
        "Slice": cut(net, 1, 3),
        "Tile": [net.constant("repeats", np.array([1, 2, 1, 1]))],
    }[operator]
    return net.node(operator, [net.x, *further], "n")


@pytest.mark.parametrize(
    "operator", ["Expand", "Gather", "GatherElements", "ReduceMax", "ReduceMin", "Slice", "Tile"]
)
def test_operators_that_choose_among_integers_are_int8_and_no_kernel_is_missed_in_float(operator):
    net = QdqNet()
    (well,) = of_layer(net.model(net.qdq(choosing(net, operator), "y")), "n")
    assert (well.precision, well.kind) == ("INT8", "")
    net = QdqNet()
    net.x = net.node("Tanh", net.x, "t")
    (ill,) = of_layer(net.model(choosing(net, operator)), "n")
    assert (ill.precision, ill.kind) == ("FP32", "kept float")


def test_a_choice_between_tensors_is_int8_and_its_condition_needs_no_ruler():
    for other, precision, kind in (("x", "INT8", ""), ("input", "FP32", "float input")):
        net = QdqNet()
        condition = net.constant("condition", np.array([True, False] * 8))
        w = net.node("Where", [condition, net.x, other], "w")
        (node,) = of_layer(net.model(net.qdq(w, "y")), "w")
        assert (node.precision, node.kind) == (precision, kind)


@pytest.mark.parametrize("operator", ["Relu", "Clip"])
def test_a_relu_alone_has_no_integer_kernel(operator):
    net = QdqNet()
    bounds = [net.constant("lo", np.float32(-1)), net.constant("hi", np.float32(1))]
    inputs = [net.x, *(bounds if operator == "Clip" else [])]
    (node,) = of_layer(net.model(net.qdq(net.node(operator, inputs, "n"), "y")), "n")
    assert (node.precision, node.kind) == ("FP32", f"no integer kernel: {operator} alone")


def test_a_float_model_is_said_to_be_one():
    net = QdqNet()
    net.nodes.clear()
    (node,) = of_layer(net.model(net.node("Sigmoid", "input", "n")), "n")
    assert (node.precision, node.kind) == ("FP32", "float model")


def test_a_layer_that_meets_all_conditions_has_no_known_reason():
    """Nothing is guessed: asked about a node that does run in INT8, the rules find no fault."""
    net = QdqNet()
    graph = read_graph(net.model(net.qdq(net.conv(net.x, "c"), "y")))
    conv = next(node for node in graph.nodes if node.operator == "Conv")
    assert fallback_reason(graph, conv, x86=is_x86()).kind == "no known reason"


def test_a_batchnormalization_that_was_not_folded_gets_advice():
    net = QdqNet()
    c = net.qdq(net.conv(net.x, "c"), "y")
    parts = [net.constant(f"bn{k}", np.ones(8, np.float32)) for k in range(4)]
    model = net.model(net.qdq(net.node("BatchNormalization", [c, *parts], "n"), "z"))
    (node,) = of_layer(model, "n")
    assert node.kind == "no integer kernel: BatchNormalization"
    assert node.reason.endswith("Fold it into the layer before it, then quantize.")


def test_a_dynamically_quantized_model_is_no_float_model():
    net = QdqNet()
    net.nodes.clear()
    net.constant("w", np.ones((16, 4), np.int8))
    q = net.node("DynamicQuantizeLinear", "input", "q")
    net.nodes[-1].output.extend(["s", "z"])
    sums = net.node("MatMulInteger", [q, "w", "z"], "m")
    model = net.model(net.node("Elu", net.node("Cast", sums, "f", to=TensorProto.FLOAT), "n"))
    (node,) = of_layer(model, "n")
    assert (node.precision, node.kind) == ("FP32", "no integer kernel: Elu")
