"""INT8, layout or FP32: on graphs that ONNX Runtime made, and on operators it makes elsewhere."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.precision.node_precision import node_precisions
from quantlab.deploy.runtime.optimized_graph import named, optimized_graph
from tests.quantlab.deploy.qdq_net import QdqNet

FLOAT_INPUT = {"input": TensorProto.FLOAT}


def ran(model):
    """(operator, precision) of every node that runs."""
    graph = optimized_graph(named(model), {}).graph
    precisions, _ = node_precisions(graph, FLOAT_INPUT)
    return list(zip((n.operator for n in graph.nodes), precisions, strict=True))


def test_a_pool_on_integers_is_int8_and_what_moves_them_is_layout():
    net = QdqNet()
    p = net.qdq(net.node("MaxPool", net.x, "p", kernel_shape=[2, 2]), "p_out")
    f = net.qdq(net.node("Flatten", p, "f"), "f_out")
    pairs = ran(net.model(f))
    assert pairs == [
        ("QuantizeLinear", "layout"),
        ("MaxPool", "INT8"),
        ("Flatten", "layout"),
        ("DequantizeLinear", "layout"),
    ]


def test_the_same_pool_on_floats_is_fp32():
    pairs = ran(float_pool())
    assert ("MaxPool", "FP32") in pairs
    assert "INT8" not in dict(pairs).values()


def float_pool():
    net = QdqNet()
    net.nodes.clear()
    return net.model(net.node("MaxPool", "input", "p", kernel_shape=[2, 2]))


def test_integer_kernels_that_write_floats_are_int8_and_their_readers_fp32():
    net = QdqNet()
    m = net.node("MatMul", [net.x, net.weights("w", (16, 4))], "m")
    net.nodes[-2].attribute[0].i = 1  # a scale for every column
    net.constants["w_scale"], net.constants["w_zero"] = (
        np.ones(4, np.float32),
        np.zeros(4, np.int8),
    )
    pairs = ran(net.model(net.node("Tanh", m, "t")))
    assert pairs[-2:] == [("MatMulIntegerToFloat", "INT8"), ("Tanh", "FP32")]


def test_dynamic_quantization_computes_in_int8_between_conversions():
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["input"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z"], ["sums"]),
        helper.make_node("Cast", ["sums"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["real", "s"], ["y"]),
        helper.make_node("Shape", ["y"], ["shape"]),  # of no floats: bookkeeping
        helper.make_node("Gather", ["shape", "first"], ["rows"]),
    ]
    stored = [
        numpy_helper.from_array(np.ones((4, 4), np.int8), "w"),
        numpy_helper.from_array(np.array(0), "first"),
    ]
    model = helper.make_model(helper.make_graph(nodes, "dynamic", [], [], stored))
    found, _ = node_precisions(read_graph(model), FLOAT_INPUT)
    assert found == ("layout", "INT8", "layout", "FP32", "layout", "layout")


@pytest.mark.parametrize(("rulers", "next_one"), [(9, "INT8"), (7, "FP32")])
def test_a_qgemm_hands_on_integers_only_with_a_ruler(rulers, next_one):
    inputs = ["a", "s", "z", "w", "s", "z", "bias", "s", "z"][:rulers]
    nodes = [
        helper.make_node("QGemm", inputs, ["y"], domain="com.microsoft"),
        helper.make_node("MaxPool", ["y"], ["p"]),
    ]
    graph = read_graph(helper.make_model(helper.make_graph(nodes, "g", [], [])))
    assert node_precisions(graph, {"a": TensorProto.UINT8})[0] == ("INT8", next_one)
