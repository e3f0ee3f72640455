"""What a learner calls the nodes of a file: the layers of the torch model they came from."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.deploy.onnx_graph.properties import LAYERS, read_property
from quantlab.deploy.precision.fallback.site import DQ, Q, guards


def layer_labels(model: onnx.ModelProto, source: Graph) -> dict[str, str]:
    """Node name to label, for every node.

    A layer is called like its module in the torch model, where the file says it, else like its
    node. QuantizeLinear and DequantizeLinear are called after the layer whose output they convert
    or, with weights and the model's input, after the layer that reads it.
    """
    modules = read_property(model, LAYERS)
    labels: dict[str, str] = {}
    of_tensor: dict[str, str] = {}
    for node in source.nodes:
        label = modules.get(node.name, node.name)
        if node.operator in (Q, DQ):
            label = next((of_tensor[t] for t in node.inputs[:1] if t in of_tensor), "")
        labels[node.name] = label
        if label and not guards(node):
            of_tensor.update(dict.fromkeys(node.outputs, label))
    for node in reversed(source.nodes):
        if guards(node) or not labels[node.name]:
            labels[node.name] = _readers_label(source, node, labels) or node.name
    return labels


def _readers_label(source: Graph, node: Node, labels: Mapping[str, str]) -> str:
    readers = (reader for tensor in node.outputs for reader in source.readers.get(tensor, ()))
    return next((labels[reader.name] for reader in readers if labels[reader.name]), "")
