"""The walk over a torch.fx graph that writes down each node in ONNX, with rulers where placed."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import fx

from quantlab.deploy.export.graph_writer import GraphWriter
from quantlab.deploy.export.kept_float import keep_float
from quantlab.deploy.export.lowering import LoweringCall, lower_float, lower_operator
from quantlab.deploy.onnx_graph.properties import FLOAT_LAYERS, LAYERS
from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.constants import fetched
from quantlab.methods.graph.layer_names import INPUT
from quantlab.methods.graph.operators import (
    OnnxOperator,
    Unsupported,
    batchnorm_parameters_of,
    is_operator,
    operator_of,
    parameters_of,
    path_of,
)
from quantlab.methods.graph.refusals import first_line
from quantlab.methods.ptq.placement import Placement
from quantlab.methods.ptq.weights import QuantizedWeight
from quantlab.numerics import QParams, quantize

BATCH = "N"
#: What Python raises where an operator has arguments of another kind than a lowering reads.
UNREAD = (TypeError, LookupError, AttributeError)


class Exporter:
    """One walk, in the order in which the graph runs.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` or `fold_batchnorm` returns it.
    placement : Placement
    qparams : mapping of fx node name to QParams
        The ruler of every tensor that has one.
    weights : mapping of fx node name to QuantizedWeight
        The layers with integer weights.
    """

    def __init__(
        self,
        graph: fx.GraphModule,
        placement: Placement,
        qparams: Mapping[str, QParams],
        weights: Mapping[str, QuantizedWeight],
    ) -> None:
        self.graph, self.placement = graph, placement
        self.qparams, self.weights = qparams, weights
        self.reasons = {layer.name: layer.reason for layer in placement.float_layers}
        self.float_nodes: dict[str, str] = {}  # ONNX node of a float layer -> why it is one
        nodes = graph.graph.nodes
        self.paths = {n.name: str(n.meta["path"]) for n in nodes if "path" in n.meta}
        self.writer = GraphWriter()
        self.values: dict[str, str] = {}  # fx node name -> the ONNX tensor others read
        self.results: dict[tuple[str, tuple[int, ...]], str] = {}  # of several: see LoweringCall

    def model(self) -> onnx.ModelProto:
        """The checked model."""
        inputs: list[onnx.ValueInfoProto] = []
        outputs: list[onnx.ValueInfoProto] = []
        for node in self.graph.graph.nodes:
            if node.op == "placeholder":
                # No node has this name: it is one of Python's own, which torch.fx avoids.
                inputs.append(self._entry(INPUT, node))
                self._publish(node, INPUT)
            elif node.op == "output":
                outputs = self._outputs(node)
            elif node.op == "get_attr":
                self._stored(node)
            elif is_operator(node):  # and not a size, which the graph holds as a constant
                self._operator(node)
        self.writer.nodes = keep_float(self.writer.nodes, self.float_nodes, self.writer.constants)
        properties = {LAYERS: json.dumps(self.paths)}
        if self.float_nodes:
            properties[FLOAT_LAYERS] = json.dumps(self.float_nodes)
        return self.writer.model(inputs, outputs, properties)

    def refusals(self) -> dict[str, str]:
        """Each operator that has no ONNX form, by node name, with the sentence that says why.

        An Exporter that was asked writes no model any more.
        """
        found: dict[str, str] = {}
        for node in self.graph.graph.nodes:
            self.values[node.name] = node.name
            if node.op == "get_attr" or not is_operator(node):
                continue
            try:
                self._operator(node)
            except ValueError as error:
                found[node.name] = str(error)
                self.values[node.name] = node.name
        return found

    def _stored(self, node: fx.Node) -> None:
        """A constant of the model: integers behind a DequantizeLinear, if it has a ruler."""
        array, qparams = (
            fetched(self.graph, node).detach().numpy(),
            self.qparams.get(node.name),
        )
        if qparams is None:
            self.values[node.name] = self.writer.constant(node.name, array)
        else:
            q = quantize(array, qparams)
            self.values[node.name] = self.writer.dequantized_constant(node.name, q, qparams)

    def _publish(self, node: fx.Node, written: str) -> None:
        """Let others read a tensor: behind its ruler, if it has one."""
        qparams = self.qparams.get(node.name)
        value = written
        if qparams is not None:
            value = self.writer.quantized(written, node.name, qparams)
        self.values[node.name] = value

    def _operator(self, node: fx.Node) -> None:
        if self._is_redundant_clip(node):
            self._publish(node, self.values[node.all_input_nodes[0].name])
            return
        start, output = len(self.writer.nodes), self._written(node)
        call = LoweringCall(self.writer, self.graph, node, self.values, output, self.results)
        found = operator_of(self.graph, node)
        try:
            self._lower(call, found)
        except UNREAD as error:
            raise ValueError(
                f"layer {node.name!r} calls {call.shown} in a way that the export does not read "
                f"({type(error).__name__}: {first_line(error)}): write it with other operators, "
                f"or end the model before it."
            ) from error
        if node.name in self.reasons:
            written = [made.name for made in self.writer.nodes[start:]]
            self.float_nodes |= dict.fromkeys(written, self.reasons[node.name])
            self.paths |= dict.fromkeys(written, path_of(node))
        self._publish(node, output)

    def _lower(self, call: LoweringCall, found: OnnxOperator | Unsupported) -> None:
        if isinstance(found, Unsupported):
            lower_float(call, found)
        else:
            inputs = [self.values[name] for name in found.inputs]
            lower_operator(call, found, [*inputs, *self._parameters(call.node, found)])

    def _written(self, node: fx.Node) -> str:
        """The ONNX tensor that an operator writes: in front of the ruler, if there is one."""
        after = next((user for user in node.users if self._is_redundant_clip(user)), node)
        return f"{after.name}_float" if after.name in self.qparams else str(node.name)

    def _is_redundant_clip(self, node: fx.Node) -> bool:
        """Whether this is a fused Relu or Clip, and quantizing saturates just as it clips."""
        fused = any(self.placement.fused.get(n.name) == node.name for n in node.all_input_nodes)
        if not fused or node.name not in self.qparams:
            return False
        found = operator_of(self.graph, node)
        ends = {"Relu": (0.0, np.inf)}
        if isinstance(found, OnnxOperator) and found.kind == "Clip":
            ends["Clip"] = found.attributes["min"], found.attributes["max"]
        if not isinstance(found, OnnxOperator):
            return False
        return _saturates(self.qparams[node.name], *ends[found.kind])

    def _parameters(self, node: fx.Node, operator: OnnxOperator) -> list[str]:
        """Weights and biases as ONNX tensors: integers behind a DequantizeLinear, or float32."""
        parts: Mapping[str, np.ndarray | None] = {}
        if node.name in self.weights:
            return self._quantized_parameters(node.name, self.weights[node.name])
        if operator.kind == "BatchNormalization":
            names = ("weight", "bias", "mean", "var")
            parts = dict(zip(names, batchnorm_parameters_of(self.graph, node), strict=True))
        elif operator.kind in ("Conv", "Gemm"):
            parts = dict(zip(("weight", "bias"), parameters_of(self.graph, node), strict=True))
        return [
            self.writer.constant(f"{node.name}_{part}", array)
            for part, array in parts.items()
            if array is not None
        ]

    def _quantized_parameters(self, name: str, weight: QuantizedWeight) -> list[str]:
        names = [self.writer.dequantized_constant(f"{name}_weight", weight.q, weight.qparams)]
        if weight.bias_q is not None:
            bias = self.writer.dequantized_bias(f"{name}_bias", weight.bias_q, weight.bias_scale)
            names.append(bias)
        return names

    def _outputs(self, node: fx.Node) -> list[onnx.ValueInfoProto]:
        """Every tensor the model returns, in order; a dict's in the order of its keys."""
        entries: dict[str, onnx.ValueInfoProto] = {}
        for tensor in _tensors(node.args[0]):
            if "shape" not in tensor.meta:
                raise ValueError(
                    f"the model returns all results of layer {tensor.name!r} at once: let its "
                    f"forward return each by its place, such as found[0]."
                )
            name = self.values[tensor.name]
            # No node of its own writes an input, a constant, or a tensor that is an output already.
            if name == INPUT or name in entries or name in self.writer.constants:
                source, name = name, f"{name}_output_{len(entries)}"
                self.writer.node("Identity", [source], name, name)
            entries[name] = self._entry(name, tensor)
        return list(entries.values())

    def _entry(self, name: str, node: fx.Node) -> onnx.ValueInfoProto:
        """Name and shape of an input or output; where the images lie in front, N."""
        shape: list[int | str | None] = list(node.meta["shape"])
        if shape:
            source = next(n for n in self.graph.graph.nodes if n.op == "placeholder")
            in_front = shape[0] == source.meta["shape"][0] and node.meta.get(BATCH_AXIS, 0) == 0
            shape[0] = BATCH if in_front else None
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _saturates(qparams: QParams, lo: float, hi: float) -> bool:
    """Whether the ends of a clip, if it has any, land on the ends of the ruler."""
    at_lo = int(quantize(np.float32(lo), qparams)) if np.isfinite(lo) else qparams.qmin
    at_hi = int(quantize(np.float32(hi), qparams)) if np.isfinite(hi) else qparams.qmax
    return (at_lo, at_hi) == (qparams.qmin, qparams.qmax)


def _tensors(value: Any) -> list[fx.Node]:
    if isinstance(value, fx.Node):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for part in value for t in _tensors(part)] if isinstance(value, list | tuple) else []
