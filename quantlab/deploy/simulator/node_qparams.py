"""The ruler that a QuantizeLinear or DequantizeLinear node reads or writes with."""

from __future__ import annotations

import numpy as np
import onnx

from quantlab.deploy.onnx_graph.graph import RULER_TYPES, Graph, Node
from quantlab.numerics import QParams


def node_qparams(graph: Graph, node: Node) -> QParams:
    """scale, zero_point, integer type and axis of a QuantizeLinear or DequantizeLinear.

    Raises
    ------
    ValueError
        They are not constant, blocks have scales of their own, or the integer type is none of
        quantlab's.
    """
    scale = _constant(graph, node, 1, "scale")
    if node.attributes.get("block_size", 0):
        raise ValueError(
            f"{node} has one scale a block of {node.attributes['block_size']} values, but the "
            f"simulator reads one a tensor or one a channel: export without block_size."
        )
    if node.input(2):
        zero_point = _constant(graph, node, 2, "zero_point")
        kind = graph.element_types[node.input(2)]
    else:
        zero_point = np.zeros(scale.shape, np.int64)
        kind = _type_without_zero_point(graph, node)
    if kind not in RULER_TYPES:
        raise ValueError(
            f"{node} has integers of type {onnx.TensorProto.DataType.Name(kind)}, but the "
            f"simulator knows {', '.join(RULER_TYPES.values())}: quantize to one of these."
        )
    if scale.size == 1:  # one scale serves a tensor, and a tensor of one channel, alike
        scale, zero_point, axis = scale.reshape(()), zero_point.reshape(()), None
    else:
        axis = int(node.attributes.get("axis", 1))
    return QParams(scale, zero_point.astype(np.int64), RULER_TYPES[kind], axis=axis)


def holds_int32(graph: Graph, node: Node) -> bool:
    """True for the DequantizeLinear of an INT32 constant: a bias, whose scale the layer gives."""
    return graph.element_types.get(node.input(0)) == onnx.TensorProto.INT32


def _constant(graph: Graph, node: Node, position: int, what: str) -> np.ndarray:
    name = node.input(position)
    if name not in graph.constants:
        raise ValueError(
            f"{node} takes its {what} from {name!r}, which is computed while the model runs, but "
            f"the simulator needs constants: use a statically quantized model."
        )
    return graph.constants[name]


def _type_without_zero_point(graph: Graph, node: Node) -> int:
    """Without a zero_point QuantizeLinear writes what `output_dtype` says, by default UINT8."""
    if node.operator == "QuantizeLinear":
        return int(node.attributes.get("output_dtype", 0)) or onnx.TensorProto.UINT8
    if node.input(0) in graph.element_types:
        return graph.element_types[node.input(0)]
    raise ValueError(
        f"{node} has no zero_point, so the type of its integers is not written down: "
        f"give it a zero_point of that type."
    )
