"""FP32 islands in an INT8 graph: each costs conversions on its shores."""

from __future__ import annotations

from collections.abc import Sequence

from quantlab.deploy.node_precision import FP32, LAYOUT
from quantlab.deploy.simulator.graph import Graph

SHORES = ("QuantizeLinear", "DequantizeLinear")


def count_islands(graph: Graph, precisions: Sequence[str]) -> int:
    """Groups of FP32 nodes that hand each other floats, directly or past nodes that move them.

    Parameters
    ----------
    graph : Graph
        The nodes that run, in order.
    precisions : sequence of str
        As `node_precisions` gives them, one for each node.
    """
    island_of: dict[str, int] = {}  # tensor -> island it belongs to
    merged: dict[int, int] = {}

    def root(island: int) -> int:
        while merged.get(island, island) != island:
            island = merged[island]
        return island

    for number, (node, precision) in enumerate(zip(graph.nodes, precisions, strict=True)):
        moves = precision == LAYOUT and node.operator not in SHORES
        if precision != FP32 and not moves:
            continue
        touched = {root(island_of[tensor]) for tensor in node.inputs if tensor in island_of}
        if moves and not touched:
            continue
        home = min(touched, default=number)
        merged.update(dict.fromkeys({*touched, home}, home))
        island_of.update(dict.fromkeys(node.outputs, home))
    return sum(island == home for island, home in merged.items())
