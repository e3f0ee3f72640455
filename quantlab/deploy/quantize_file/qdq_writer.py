"""The walk over a float file that writes it down again with rulers and integer weights."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper

from quantlab.deploy.export.graph_writer import GraphWriter
from quantlab.deploy.export.kept_float import keep_float
from quantlab.deploy.onnx_graph.graph import Graph, Node, read_graph
from quantlab.deploy.onnx_graph.properties import FLOAT_LAYERS
from quantlab.deploy.quantize_file.constants import drop_unread
from quantlab.deploy.quantize_file.placement import FilePlacement, activations
from quantlab.deploy.simulator.redundant import clip_node_is_redundant
from quantlab.methods.ptq.weights import QuantizedWeight, quantize_weight
from quantlab.methods.rule import Rule
from quantlab.numerics import QParams, quantize
from quantlab.numerics.integer_operators import integer_operator


class QDQWriter:
    """One walk, in the order in which the file runs.

    Parameters
    ----------
    model : onnx.ModelProto
        In normal form.
    placement : FilePlacement
    qparams : mapping of tensor to QParams
        The rulers of `placement.own`.
    rules : mapping of node to Rule
        The weight rule of every quantized layer.

    Attributes
    ----------
    weights : dict of node to QuantizedWeight
        Rows of outputs, whatever way the file stores them.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        placement: FilePlacement,
        qparams: Mapping[str, QParams],
        rules: Mapping[str, Rule],
    ) -> None:
        self.source, self.graph = model, read_graph(model)
        self.placement, self.rules = placement, rules
        self.qparams = {t: qparams[root] for t, root in placement.rulers.items()}
        self.weights: dict[str, QuantizedWeight] = {}
        self.writer = GraphWriter()
        self.renamed: dict[str, str] = {}  # an input or constant to its dequantized version

    def model(self) -> onnx.ModelProto:
        """The file with rulers.

        Raises
        ------
        ValueError
            Two tensors would have one name.
        """
        for name in self.graph.inputs:
            if name in self.qparams:
                ruled = f"{name}_on_its_ruler"
                self.renamed[name] = self.writer.quantized(name, ruled, self.qparams[name])
        clips = {clip: layer for layer, clip in self.placement.fused.items()}
        for node in self.graph.nodes:
            if node.name in clips and self._is_redundant(node):
                continue  # the ruler of the layer before it does it
            self._node(node)
        return self._assembled()

    def _node(self, node: Node) -> None:
        quantized = node.name in self.placement.quantized
        proto = onnx.NodeProto()
        proto.CopyFrom(node.proto)
        reads = set(activations(node)) if quantized else set()
        proto.input[:] = [self._read(name, name in reads) for name in node.inputs]
        if node.name in self.rules:
            self._weights(node, proto)
        last = self._after_clip(node)
        targets = {tensor: f"{tensor}_float" for tensor in node.outputs if tensor in self.qparams}
        if last:
            targets = {node.outputs[0]: f"{last}_float"}
        proto.output[:] = [targets.get(name, name) for name in node.outputs]
        self.writer.nodes.append(proto)
        for tensor, written in targets.items():
            name = last or tensor
            self.writer.quantized(written, name, self.qparams[name])

    def _read(self, name: str, on_ruler: bool) -> str:
        """What a node reads in place of a tensor: constants on their ruler where it asks for it."""
        if on_ruler and name in self.graph.constants and name not in self.renamed:
            qparams = self.qparams[name]
            q = quantize(self.graph.constants[name], qparams)
            ruled = self.writer.dequantized_constant(f"{name}_on_its_ruler", q, qparams)
            self.renamed[name] = ruled
        stored = name in self.graph.constants
        return self.renamed.get(name, name) if on_ruler or not stored else name

    def _weights(self, node: Node, proto: onnx.NodeProto) -> None:
        rows = node.operator == "Conv" or bool(node.attributes.get("transB", 0))
        weight = self.graph.constants[node.inputs[1]]
        bias = self.graph.constants.get(node.input(2))
        made = quantize_weight(
            weight if rows else np.ascontiguousarray(weight.T),
            None if bias is None else bias.reshape(-1),
            self.rules[node.name],
            self.qparams[node.inputs[0]],
        )
        q, ruler = made.q, made.qparams
        if node.operator == "Gemm" and not rows:
            # Dequantized columns before a float Gemm become MatMulNBits, which quantizes its input.
            kept = [a for a in proto.attribute if a.name != "transB"]
            del proto.attribute[:]
            proto.attribute.extend([*kept, helper.make_attribute("transB", 1)])
        elif not rows:
            q = np.ascontiguousarray(q.T)
            axis = None if ruler.axis is None else 1
            ruler = QParams(ruler.scale, ruler.zero_point, ruler.dtype, axis, ruler.narrow)
        inputs = [
            proto.input[0],
            self.writer.dequantized_constant(f"{node.name}_weight_on_its_ruler", q, ruler),
        ]
        if made.bias_q is not None:
            name = f"{node.name}_bias_on_its_ruler"
            inputs.append(self.writer.dequantized_bias(name, made.bias_q, made.bias_scale))
        proto.input[:] = inputs
        self.weights[node.name] = made

    def _after_clip(self, node: Node) -> str:
        """The tensor of the Relu or Clip behind a node that is left out; "" where none is."""
        name = self.placement.fused.get(node.name)
        clip = next((n for n in self.graph.nodes if n.name == name), None)
        return clip.outputs[0] if clip is not None and self._is_redundant(clip) else ""

    def _is_redundant(self, clip: Node) -> bool:
        return clip_node_is_redundant(self.graph, clip, self.qparams[clip.outputs[0]])

    def _assembled(self) -> onnx.ModelProto:
        made = onnx.ModelProto()
        made.CopyFrom(self.source)
        stored = {tensor.name for tensor in made.graph.initializer} | self.writer.constants.keys()
        nodes = keep_float(self.writer.nodes, self.placement.reasons.keys(), stored)
        del made.graph.node[:], made.graph.value_info[:]
        made.graph.node.extend(nodes)
        made.graph.initializer.extend(self.writer.constants.values())
        drop_unread(made.graph)
        _refuse_clashes(made.graph)
        if self.placement.reasons:
            said = json.dumps(dict(self.placement.reasons))
            made.metadata_props.add(key=FLOAT_LAYERS, value=said)
        return made


def layers_with_weights(graph: Graph, placement: FilePlacement) -> list[Node]:
    """The quantized nodes that have weights."""
    return [
        node
        for node in graph.nodes
        if node.name in placement.quantized and integer_operator(node.operator).weighted
    ]


def _refuse_clashes(graph: onnx.GraphProto) -> None:
    seen: set[str] = set()
    written = (name for node in graph.node for name in node.output if name)
    for name in (*(t.name for t in graph.initializer), *(i.name for i in graph.input), *written):
        if name in seen:
            raise ValueError(
                f"two tensors would be called {name!r} in the file, where the integers of x are "
                "x_q and its ruler x_scale: rename the one that ends so."
            )
        seen.add(name)
