"""A node of the file with what is wired to it, and the reason found for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx

from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.numerics.integer_operators import integer_operator

Q, DQ = "QuantizeLinear", "DequantizeLinear"


@dataclass(frozen=True)
class Reason:
    """Why a node is in FP32: `kind` groups alike ones, `sentence` is about this node."""

    kind: str
    sentence: str


@dataclass(frozen=True)
class Site:
    """A node with its surroundings."""

    graph: Graph
    node: Node
    x86: bool

    def writer(self, tensor: str) -> Node | None:
        return next((n for n in self.graph.nodes if tensor in n.outputs), None)

    def behind_moves(self, tensor: str) -> Node | None:
        """Who writes a tensor, past nodes that ONNX Runtime carries a DequantizeLinear over."""
        writer = self.writer(tensor)
        while writer is not None and integer_operator(writer.operator).carries_qparams:
            writer = self.writer(writer.inputs[0])
        return writer

    def dequantizers(self) -> Iterator[Node]:
        """Those before the inputs that are activations, in order."""
        for tensor in self.activations():
            writer = self.behind_moves(tensor)
            if writer is not None and writer.operator == DQ:
                yield writer

    def activations(self) -> tuple[str, ...]:
        """The inputs that a ruler is needed for; shapes, bounds, weights and biases are not."""
        if self.node.operator == "Where":
            return self.node.inputs[1:]
        operator = integer_operator(self.node.operator)
        alone = operator.weighted or operator.moves
        return self.node.inputs[:1] if alone else tuple(filter(None, self.node.inputs))

    def quantizer(self) -> Node | None:
        """The QuantizeLinear that alone reads the node, perhaps past a Relu or moves."""
        after = self.graph.only_reader(self.node.outputs[0])
        if after is not None and integer_operator(after.operator).clips:
            after = self.graph.only_reader(after.outputs[0])
        while after is not None and integer_operator(after.operator).carries_qparams:
            after = self.graph.only_reader(after.outputs[0])
        return after if after is not None and after.operator == Q else None


def is_quantized(node: Node) -> bool:
    """Whether a node of a file converts to or from integers, or computes with them."""
    conversion = node.operator in (Q, DQ, "DynamicQuantizeLinear")
    return conversion or "QLinear" in node.operator or "Integer" in node.operator


def is_layer(node: Node) -> bool:
    """Whether a node has weights."""
    return integer_operator(node.operator).weighted


def guards(node: Node) -> bool:
    """Whether a node changes no number and only stops ONNX Runtime's fusions: a Clip that clips
    nothing, as `export_onnx` puts it before what is kept float."""
    return node.operator == "Clip" and len(node.inputs) == 1 and not node.attributes


def float_weights(graph: Graph, node: Node) -> bool:
    """Whether a layer's weights are stored as float constants."""
    return is_layer(node) and node.input(1) in graph.constants


def integer_type(graph: Graph, node: Node) -> str:
    """The type of the integers that a QuantizeLinear or DequantizeLinear writes or reads."""
    types = graph.element_types
    kind = types.get(node.input(2)) or types.get(node.input(0))
    kind = kind or node.attributes.get("output_dtype", 0) or onnx.TensorProto.UINT8
    return str(onnx.TensorProto.DataType.Name(kind)).lower()


def qparams_key(graph: Graph, node: Node) -> tuple[object, ...]:
    """Equal for two QuantizeLinear or DequantizeLinear nodes with equal rulers."""
    constants = (graph.constants.get(node.input(at)) for at in (1, 2))
    names = (node.input(at) for at in (1, 2))
    return tuple(
        name if value is None else (str(value.dtype), value.tobytes())
        for name, value in zip(names, constants, strict=True)
    )


def called(node: Node) -> str:
    """Operator and name, for a sentence."""
    return f"{node.operator} {node.name!r}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
