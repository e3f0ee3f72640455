"""The graph that ONNX Runtime really runs, each node traced back to a node of the file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from quantlab.deploy.node_times import node_seconds
from quantlab.deploy.session import open_session
from quantlab.deploy.simulator.graph import Graph, Node, read_graph

#: What ONNX Runtime adds to the name of the node that a new one replaces, repeats or continues.
ADDED = re.compile(r"^fused |(_token_\d+|/duplicated|_nchwc|/MatMulAddFusion)$")
#: What ONNX Runtime inserts to change how a tensor lies in memory.
INSERTED = {"Transpose", "ReorderInput", "ReorderOutput"}


@dataclass(frozen=True, eq=False)
class OptimizedGraph:
    """What runs for a model.

    Attributes
    ----------
    source : Graph
        The model as it was given.
    graph : Graph
        The nodes that run, in their order; operators of ONNX Runtime's own are among them.
    origins : tuple of str
        For every node that runs, the source node it does the work of; "" for an inserted one.
    seconds : tuple of float, or None
        For every node that runs, the time of one run; None where nothing was measured.
    """

    source: Graph
    graph: Graph
    origins: tuple[str, ...]
    seconds: tuple[float, ...] | None


def optimized_graph(
    model: onnx.ModelProto,
    feeds: Mapping[str, np.ndarray],
    *,
    runs: int = 0,
    threads: int = 1,
) -> OptimizedGraph:
    """Let ONNX Runtime optimize a model, read what it made of it, and time it node by node.

    Parameters
    ----------
    model : onnx.ModelProto
        Its nodes have different names, as `named` gives them.
    feeds : mapping of input name to array
        What to run it with.
    runs : int
        Runs to measure; 0 runs nothing.
    threads : int

    Raises
    ------
    ValueError
        ONNX Runtime refuses the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "optimized.onnx")
        profile = Path(folder, "profile") if runs else None
        session = open_session(model, threads, optimized_path=path, profile=profile)
        graph = read_graph(onnx.load(path))
        seconds = node_seconds(session, feeds, graph.nodes, runs) if runs else None
    source = read_graph(model)
    return OptimizedGraph(source, graph, _origins(source, graph), seconds)


def named(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which no two nodes have one name; an unnamed node is called like its output."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    taken: set[str] = set()
    for node in copy.graph.node:
        node.name = node.name or node.output[0]
        while node.name in taken:
            node.name += "'"
        taken.add(node.name)
    return copy


def _origins(source: Graph, graph: Graph) -> tuple[str, ...]:
    """From the last node to the first, as what has no name serves whoever reads it."""
    names = {node.name: node.name for node in source.nodes}
    writers = {tensor: node.name for node in source.nodes for tensor in node.outputs}
    found: dict[str, str] = {}  # by first output
    for node in reversed(graph.nodes):
        known = _known(node.proto.name, names)
        if not known and node.operator not in INSERTED:
            read_by = (found[r.outputs[0]] for r in graph.readers.get(node.outputs[0], ()))
            known = _known(node.outputs[0], writers) or next(filter(None, read_by), "")
        found[node.outputs[0]] = known
    claimed = set(found.values())
    by_node = [(node, found[node.outputs[0]]) for node in graph.nodes]
    return tuple(
        _layer_behind(source, origin, claimed) if _multiplies(node) else origin
        for node, origin in by_node
    )


def _multiplies(node: Node) -> bool:
    return any(layer in node.operator for layer in ("Conv", "Gemm", "MatMul"))


def _layer_behind(source: Graph, origin: str, claimed: set[str]) -> str:
    """The layer that a node does the work of, where it bears the name of the Relu fused into it.

    That is the nearest one before the Relu which no other node that runs does the work of.
    """
    writers = {tensor: node for node in source.nodes for tensor in node.outputs}
    queue = [node for node in source.nodes if node.name == origin]
    for node in queue:
        if _multiplies(node):
            if node.name == origin or node.name not in claimed:
                return node.name
            continue
        queue += [writers[tensor] for tensor in node.inputs if tensor in writers]
    return origin


def _known(name: str, known: Mapping[str, str]) -> str:
    """What a name, or the one it was made from, stands for; "" where that is not known."""
    while name and name not in known:
        shorter = ADDED.sub("", name, count=1)
        name = "" if shorter == name else shorter
    return known.get(name, "")
