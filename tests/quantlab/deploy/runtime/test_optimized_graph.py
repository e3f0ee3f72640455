"""Nodes that run are traced back to the file by name, by tensor, or by their reader."""

import numpy as np
from onnx import helper

from quantlab.deploy.onnx_graph.feeds import random_feeds
from quantlab.deploy.runtime.optimized_graph import named, optimized_graph
from quantlab.deploy.runtime.session import open_session
from tests.quantlab.deploy.qdq_net import QdqNet


def origins(model):
    ran = optimized_graph(named(model), {})
    return [(n.operator, o) for n, o in zip(ran.graph.nodes, ran.origins, strict=True)]


def test_integer_kernels_keep_their_layers_and_inserted_nodes_have_none():
    net = QdqNet()
    first = net.qdq(net.conv(net.x, "c1", kernel=3), "c1_out")
    found = origins(net.model(net.qdq(net.conv(first, "c2"), "c2_out")))
    assert [o for op, o in found if op == "QLinearConv"] == ["c1", "c2"]
    assert {o for op, o in found if op == "Transpose"} == {""}


def test_a_transpose_of_the_file_is_not_taken_for_an_inserted_one():
    net = QdqNet()
    found = origins(net.model(net.node("Transpose", net.x, "turn", perm=[0, 3, 1, 2])))
    assert ("Transpose", "turn") in found


def test_a_function_is_traced_to_its_call():
    net = QdqNet()
    found = origins(net.model(net.node("HardSwish", net.x, "h")))
    assert [pair for pair in found if pair[1] == "h"] == [("HardSigmoid", "h"), ("Mul", "h")]


def test_functions_among_moved_transposes_are_traced_to_their_calls():
    """Where layers follow, ONNX Runtime turns the layout of the whole and renames all tensors."""
    net = QdqNet()
    first = net.qdq(net.conv(net.x, "c1"), "y1")
    first = net.qdq(net.node("HardSwish", first, "h1"), "y2")
    second = net.qdq(net.conv(first, "c2"), "y3")
    found = origins(net.model(net.qdq(net.node("HardSwish", second, "h2"), "y4")))
    assert [pair for pair in found if pair[0] in ("HardSigmoid", "Mul")] == [
        ("HardSigmoid", "h1"),
        ("Mul", "h1"),
        ("HardSigmoid", "h2"),
        ("Mul", "h2"),
    ]


def test_what_is_fused_into_a_layer_leaves_it_the_layer():
    """A Relu after a Conv: ONNX Runtime calls the one node after the Relu."""
    net = QdqNet()
    net.nodes.clear()
    w, b = net.float_weights("w", (8, 8, 1, 1)), net.float_weights("b", (8,))
    first = net.node("Relu", net.node("Conv", ["input", w, b], "c1"), "r1")
    second = net.node("Relu", net.node("Conv", [first, w, b], "c2"), "r2")
    found = origins(net.model(second))
    assert [o for op, o in found if op in ("Conv", "FusedConv")] == ["c1", "c2"]


def test_a_sum_of_two_convolutions_fused_into_one_leaves_both():
    net = QdqNet()
    net.nodes.clear()
    both = [
        net.node("Conv", ["input", net.float_weights(f"{name}_w", (8, 8, 1, 1))], name)
        for name in ("c1", "c2")
    ]
    found = origins(net.model(net.node("Relu", net.node("Add", both, "a"), "r")))
    assert sorted(o for op, o in found if "Conv" in op) == ["c1", "c2"]


def test_a_matrix_product_is_traced_through_its_sum_and_relu():
    net = QdqNet()
    net.nodes.clear()
    flat = net.node("Flatten", "input", "f")
    m = net.node("MatMul", [flat, net.float_weights("w", (2048, 4))], "m")
    found = origins(
        net.model(net.node("Relu", net.node("Add", [m, net.float_weights("b", (4,))], "a"), "r"))
    )
    assert ("FusedGemm", "m") in found


def test_a_blocked_convolution_is_traced_and_its_reorders_are_inserted():
    net = QdqNet()
    net.nodes.clear()
    w, b = net.float_weights("w", (16, 8, 3, 3)), net.float_weights("b", (16,))
    c = net.node("Conv", ["input", w, b], "c", pads=[1] * 4)
    found = origins(net.model(c))
    assert ("Conv", "c") in found
    assert {o for op, o in found if op.startswith("Reorder")} <= {""}


def test_weights_that_the_runtime_quantized_belong_to_their_layer():
    net = QdqNet()
    w, b = net.float_weights("w", (8, 8, 1, 1)), net.float_weights("b", (8,))
    relu = net.node("Relu", net.conv(net.x, "c", weights=w, bias=b), "r")
    found = origins(net.model(net.qdq(relu, "y")))  # zero_point 128: the Relu is needed
    assert [o for op, o in found if op == "DequantizeLinear"][:2] == ["c", "c"]


def test_names_are_given_and_made_different_without_changing_the_model():
    row = [("Relu", ""), ("Relu", "same"), ("Relu", "same")]
    nodes = [
        helper.make_node(op, [f"t{k}"], [f"t{k + 1}"], name=n) for k, (op, n) in enumerate(row)
    ]
    model = helper.make_model(helper.make_graph(nodes, "row", [], []))
    before = model.SerializeToString()
    assert [node.name for node in named(model).graph.node] == ["t1", "same", "same'"]
    assert model.SerializeToString() == before


def test_times_come_only_where_runs_are_asked_for():
    net = QdqNet()
    model = named(net.model(net.qdq(net.conv(net.x, "c"), "y")))
    assert optimized_graph(model, {}).seconds is None
    ran = optimized_graph(model, random_feeds(open_session(model)), runs=3)
    assert len(ran.seconds) == len(ran.graph.nodes)
    assert np.all(np.array(ran.seconds) >= 0)
