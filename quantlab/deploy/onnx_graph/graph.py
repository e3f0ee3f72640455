"""An ONNX graph as the simulator reads it: who writes a tensor, who reads it, what is constant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from quantlab.numerics import DTYPES

#: The integers that QuantizeLinear of ONNX's opset 21 writes and ONNX Runtime reads.
HELD = ("int4", "uint4", "int8", "uint8", "int16", "uint16")
#: ONNX integer types that QParams can describe, by the name both use.
RULER_TYPES = {getattr(onnx.TensorProto, name.upper()): name for name in HELD}
#: What numpy keeps each of these integer types in.
WHOLE_BYTES = {number: DTYPES[name].storage for number, name in RULER_TYPES.items()}


@dataclass(frozen=True, eq=False)
class Node:
    """One node: what it is called, what it computes, what it reads and writes.

    Attributes
    ----------
    name : str
        The node's name; its first output's where it has none.
    operator : str
        ONNX operator, "Conv" and so on.
    domain : str
        "" for ONNX's own operators.
    inputs, outputs : tuple of str
        Tensor names; an input left out is "".
    attributes : mapping
        Name to Python value; text as str.
    proto : onnx.NodeProto
        What it was read from.
    """

    name: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: onnx.NodeProto

    def input(self, position: int) -> str:
        """The name of an input, "" where it is left out."""
        return self.inputs[position] if position < len(self.inputs) else ""

    def __str__(self) -> str:
        return f"node {self.name!r} ({self.operator})"


@dataclass(frozen=True, eq=False)
class Graph:
    """A model's graph, indexed.

    Attributes
    ----------
    nodes : tuple of Node
        In the model's own order: whoever writes a tensor comes before whoever reads it.
    constants : mapping
        Initializers and the values of Constant nodes, as numpy arrays.
    inputs, outputs : tuple of str
        Tensors fed and tensors returned.
    readers : mapping
        Tensor name to the nodes that read it.
    opset : int
        Version of ONNX's own operators.
    element_types : mapping
        Name of a constant, to its ONNX element type. numpy keeps INT4 in an int8 array's place.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, np.ndarray]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    readers: Mapping[str, tuple[Node, ...]]
    opset: int
    element_types: Mapping[str, int]

    def only_reader(self, tensor: str) -> Node | None:
        """The one node that reads a tensor; None where several do, or the caller of the model."""
        readers = self.readers.get(tensor, ())
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None


def read_graph(model: onnx.ModelProto) -> Graph:
    """Index the graph of a model."""
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    return _indexed(model.graph, opset, {})


def read_subgraph(graph: onnx.GraphProto, around: Graph) -> Graph:
    """Index a graph inside a node (a branch of If, the body of Loop or Scan).

    It also reads constants of the graph around it.
    """
    inner = _indexed(graph, around.opset, around.constants)
    return replace(inner, element_types={**around.element_types, **inner.element_types})


def graphs_inside(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.GraphProto]]:
    """(attribute, graph) of every graph that a node holds: If, Loop and Scan have some."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        yield from ((attribute.name, graph) for graph in attribute.graphs)


def _indexed(graph: onnx.GraphProto, opset: int, known: Mapping[str, np.ndarray]) -> Graph:
    protos = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for proto in graph.node:
        if proto.op_type == "Constant" and proto.attribute[0].name == "value":
            protos[proto.output[0]] = proto.attribute[0].t
        else:
            nodes.append(_node(proto))
    readers: dict[str, tuple[Node, ...]] = {}
    for node in nodes:
        for tensor in filter(None, node.inputs):
            readers[tensor] = (*readers.get(tensor, ()), node)
    return Graph(
        nodes=tuple(nodes),
        constants={**known, **{name: _array(tensor) for name, tensor in protos.items()}},
        inputs=tuple(entry.name for entry in graph.input if entry.name not in protos),
        outputs=tuple(entry.name for entry in graph.output),
        readers=readers,
        opset=opset,
        element_types={name: tensor.data_type for name, tensor in protos.items()},
    )


def _array(tensor: onnx.TensorProto) -> np.ndarray:
    """The constant's values; 4-bit integers in bytes, as numpy's arithmetic wants them."""
    values = numpy_helper.to_array(tensor)
    return values.astype(WHOLE_BYTES.get(tensor.data_type, values.dtype), copy=False)


def _node(proto: onnx.NodeProto) -> Node:
    return Node(
        name=proto.name or proto.output[0],
        operator=proto.op_type,
        domain="" if proto.domain == "ai.onnx" else proto.domain,
        inputs=tuple(proto.input),
        outputs=tuple(proto.output),
        attributes={a.name: _plain(helper.get_attribute_value(a)) for a in proto.attribute},
        proto=proto,
    )


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
