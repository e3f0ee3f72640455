"""Which nodes of an optimized graph compute in INT8, which in FP32, and which only move data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat

import onnx

from quantlab.deploy.onnx_graph.graph import Graph, Node

INT8, LAYOUT, FP32 = "INT8", "layout", "FP32"

#: Operators that change how numbers are written or where they lie, or choose what runs, and
#: compute nothing themselves.
MOVING = {
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast", "Identity",
    "Transpose", "ReorderInput", "ReorderOutput", "Reshape", "Flatten", "Squeeze", "Unsqueeze",
    "Shape", "If", "Loop", "Scan",
}  # fmt: skip
#: Integer operators whose names do not begin with QLinear.
INTEGER = {
    "QGemm", "QAttention", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat",
    "DynamicQuantizeMatMul",
}  # fmt: skip
INTEGER_TO_FLOAT = {"MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QAttention"}
#: QGemm writes integers only where it is given their scale and zero_point.
QGEMM_INPUTS_WITH_RULER = 9

FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}
BYTES = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}


def node_precisions(
    graph: Graph, input_types: Mapping[str, int]
) -> tuple[tuple[str, ...], dict[str, int]]:
    """'INT8', 'layout' or 'FP32' for every node of a graph that ONNX Runtime optimized.

    A node with an integer kernel is INT8, and so is one that does its work on 8-bit integers, such
    as a MaxPool. What only converts or moves numbers is layout. The rest is FP32.

    Parameters
    ----------
    graph : Graph
    input_types : mapping of graph input to ONNX element type
        With those of the graph around it where it stands inside a node.

    Returns
    -------
    (precisions, element types of the tensors as far as they are known)
    """
    types = {**graph.element_types, **input_types}
    found = []
    for node in graph.nodes:
        kinds = [types[tensor] for tensor in node.inputs if tensor in types]
        first = next((kind for kind in kinds if kind in BYTES | FLOATS), None)
        found.append(_precision(node, first))
        for tensor, kind in zip(node.outputs, _written(graph, node, first), strict=False):
            if kind is not None:
                types[tensor] = kind
    return tuple(found), types


def _precision(node: Node, first: int | None) -> str:
    if node.operator in MOVING:
        return LAYOUT
    if node.operator in INTEGER or node.operator.startswith("QLinear") or first in BYTES:
        return INT8
    return FP32 if first in FLOATS else LAYOUT


def _written(graph: Graph, node: Node, first: int | None) -> Iterator[int | None]:
    """The element types a node writes, None where one is not known."""
    operator = node.operator
    if operator == "DynamicQuantizeLinear":  # integers, scale, zero_point
        return iter((onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8))
    if operator == "QuantizeLinear":
        given = node.attributes.get("output_dtype", 0) or onnx.TensorProto.UINT8
        return repeat(graph.element_types.get(node.input(2), given))
    if operator in ("ConvInteger", "MatMulInteger"):
        return repeat(onnx.TensorProto.INT32)
    if operator == "QLinearConcat":  # its inputs begin with the output's scale and zero_point
        return repeat(graph.element_types.get(node.input(1)))
    if operator == "Cast":
        return repeat(node.attributes["to"])
    to_float = operator in INTEGER_TO_FLOAT or operator == "DequantizeLinear"
    if to_float or (operator == "QGemm" and len(node.inputs) < QGEMM_INPUTS_WITH_RULER):
        return repeat(onnx.TensorProto.FLOAT)
    return repeat(None if operator == "Shape" else first)
