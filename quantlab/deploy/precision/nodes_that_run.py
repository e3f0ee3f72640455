"""Every node that runs for a model, in the graph and inside If, Loop and Scan, with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from quantlab.base.machine import is_x86
from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.deploy.precision.fallback import Reason, fallback_reason, float_weights
from quantlab.deploy.precision.islands import BRIDGE, ISLAND, SEA, count_islands
from quantlab.deploy.precision.node_precision import FP32, INT8, LAYOUT, node_precisions
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.deploy.runtime.optimized_graph import OptimizedGraph, branches
from quantlab.numerics.integer_operators import integer_operator

NONE = Reason("", "")
QUANTIZED_BY_RUNTIME = Reason(
    "quantized by the runtime",
    "Its weights are float in the file; ONNX Runtime quantized them itself, with one scale.",
)

MOVED_AS_INTEGERS = Reason(
    "moved as integers",
    "It stays float in the file; ONNX Runtime moves the integers before it, to the same numbers.",
)


def nodes_that_run(
    ran: OptimizedGraph,
    input_types: Mapping[str, int],
    macs: Mapping[str, int | None],
    labels: Mapping[str, str],
    said: Mapping[str, str],
) -> tuple[tuple[NodePrecision, ...], int, tuple[str, ...]]:
    """The nodes, their FP32 islands, and the graphs inside nodes that they come from.

    Parameters
    ----------
    ran : OptimizedGraph
    input_types : mapping of tensors from outside to ONNX element types
    macs : mapping of source node to multiply-accumulates, as `macs_of` gives it
    labels : mapping of source node to what to call it
        One that is not in it, inside another node, is called by its name.
    said : mapping of source node to why the file keeps it float
    """
    precisions, types = node_precisions(ran.graph, input_types)
    left = dict(macs)  # a layer's MACs belong to one of the nodes that came of it
    found = []
    for index, (node, origin) in enumerate(zip(ran.graph.nodes, ran.origins, strict=True)):
        reason = _reason(ran, node, origin, precisions[index], said.get(origin, ""))
        computes = precisions[index] != LAYOUT
        found.append(
            NodePrecision(
                name=node.name,
                operator=node.operator,
                layer=origin,
                label=labels.get(origin, origin),
                precision=precisions[index],
                macs=(left.pop(origin, 0) or 0) if computes else 0,
                seconds=ran.seconds[index] if ran.seconds else None,
                kind=reason.kind,
                reason=reason.sentence,
            )
        )
    islands, inside = _islands(ran.graph, precisions), []
    for branch in branches(ran):
        nodes, more, deeper = nodes_that_run(
            branch.ran, {**types, **branch.input_types}, macs, labels, said
        )
        found += nodes
        islands += more
        inside += [branch.place, *deeper]
    return tuple(found), islands, tuple(inside)


def _islands(graph: Graph, precisions: tuple[str, ...]) -> int:
    roles = []
    for node, precision in zip(graph.nodes, precisions, strict=True):
        moves = precision == LAYOUT and node.operator not in ("QuantizeLinear", "DequantizeLinear")
        roles.append(ISLAND if precision == FP32 else BRIDGE if moves else SEA)
    return count_islands([(node.inputs, node.outputs) for node in graph.nodes], roles)


def _reason(ran: OptimizedGraph, node: Node, origin: str, precision: str, said: str) -> Reason:
    source = next((known for known in ran.source.nodes if known.name == origin), None)
    if precision == FP32:
        if source is None:
            return Reason("inserted", "ONNX Runtime inserted it.")
        return fallback_reason(ran.source, source, x86=is_x86(), said=said)
    if source is None:
        return NONE
    if precision == INT8 and float_weights(ran.source, source):
        return QUANTIZED_BY_RUNTIME
    if precision == INT8 and said and integer_operator(source.operator).moves:
        return MOVED_AS_INTEGERS
    if node.operator == "DequantizeLinear" and node.inputs[0] in ran.graph.constants:
        return Reason(
            "weights dequantized",
            "Stored integers are dequantized on every run, for a layer that runs in FP32.",
        )
    return NONE
