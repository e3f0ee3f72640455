"""Nodes are called after the torch layers they belong to, conversions included."""

import json

from onnx import StringStringEntryProto

from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from tests.quantlab.deploy.qdq_net import QdqNet


def labelled(net, output, **modules):
    model = net.model(output)
    if modules:
        entry = StringStringEntryProto(key="quantlab.layers", value=json.dumps(modules))
        model.metadata_props.append(entry)
    return layer_labels(model, read_graph(model))


def test_layers_have_their_modules_names_and_conversions_their_layers():
    net = QdqNet()
    c = net.qdq(net.conv(net.x, "c"), "c_out")
    a = net.qdq(net.node("Add", [c, net.x], "a"), "a_out")
    labels = labelled(net, a, c="features.0.conv")
    assert labels["c"] == labels["c_out_q"] == labels["c_out"] == "features.0.conv"
    assert labels["c_w"] == labels["c_b"] == "features.0.conv"  # weights belong to who reads them
    assert labels["x_q"] == labels["x"] == "features.0.conv"  # and so does the input
    assert labels["a"] == labels["a_out_q"] == labels["a_out"] == "a"


def test_a_guard_is_called_after_the_layer_it_keeps_float():
    net = QdqNet()
    c = net.qdq(net.conv(net.x, "c"), "c_out")
    guarded = net.node("Clip", c, "guard")
    labels = labelled(net, net.node("Add", [guarded, guarded], "a"), c="first", a="second")
    assert labels["guard"] == "second"


def test_without_a_property_the_nodes_names_serve():
    net = QdqNet()
    labels = labelled(net, net.qdq(net.conv(net.x, "c"), "y"))
    assert set(labels.values()) == {"c"}
