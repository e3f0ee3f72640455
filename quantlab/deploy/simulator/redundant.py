"""A Relu or Clip that the ruler behind it does anyway: ONNX Runtime drops it, and fuses."""

from __future__ import annotations

import numpy as np

from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.numerics import QParams
from quantlab.numerics.ops import clip_is_redundant


def clip_node_is_redundant(graph: Graph, node: Node, y: QParams) -> bool:
    """Whether quantizing on `y` already does what this Relu or Clip does."""
    if node.operator == "Relu":
        return clip_is_redundant(y, 0.0, None)
    low, high = (_bound(graph, node, i, name) for i, name in ((1, "min"), (2, "max")))
    if low is UNKNOWN or high is UNKNOWN:
        return False
    return clip_is_redundant(y, low, high)


UNKNOWN = float("nan")


def _bound(graph: Graph, node: Node, position: int, name: str) -> float | None:
    """A constant input since opset 11, an attribute before; None where there is no bound."""
    if not node.input(position):
        return node.attributes.get(name)
    value = graph.constants.get(node.input(position))
    return UNKNOWN if value is None else float(np.asarray(value).reshape(()))
