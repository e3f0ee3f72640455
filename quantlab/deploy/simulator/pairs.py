"""How many of a layer's products a CPU without VNNI saturates, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator.layers import as_stored, transposed
from quantlab.deploy.simulator.steps import WeightedLayer
from quantlab.deploy.simulator.windows import window_settings
from quantlab.numerics import PairsAtRisk, conv_pairs_at_risk, pairs_at_risk


def count_pairs(layer: WeightedLayer, values: Mapping[str, np.ndarray]) -> PairsAtRisk:
    """The pairs of products that a CPU without VNNI adds in 16 bits, and those that do not fit.

    UINT8 weights, and a product of two activations, have kernels that add in 32 bits on every CPU:
    no pairs.

    Parameters
    ----------
    layer : WeightedLayer
    values : mapping
        Tensor name to its array; the layer's x and target are read.
    """
    x, w = layer.operands[:2]
    if w.constant is None or w.qparams.dtype != "int8":
        return PairsAtRisk(0, 0, values[layer.target].size, 0)
    qparams, stored = as_stored(x, exact=False)
    q = stored(values[x.tensor])
    if layer.node.operator == "Conv":
        settings = window_settings(layer.node) | {"groups": layer.node.attributes.get("group", 1)}
        return conv_pairs_at_risk(q, int(qparams.zero_point), w.constant, **settings)
    counts = [pairs_at_risk(a, b) for a, b in _matrices(layer.node, q, w.constant)]
    return PairsAtRisk(
        pairs=sum(count.pairs for count in counts),
        saturated=sum(count.saturated for count in counts),
        outputs=sum(count.outputs for count in counts),
        affected=sum(count.affected for count in counts),
    )


def _matrices(node: Node, a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The products (M, K) @ (K, N) that a Gemm or a MatMul of stacks consists of."""
    if node.operator == "Gemm":
        flags = transposed(node)
        a, b = a.T if flags["trans_a"] else a, b.T if flags["trans_b"] else b
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (np.broadcast_to(q, (*front, *q.shape[-2:])) for q in (a, b))
    for at in np.ndindex(*front):
        yield left[at], right[at]
