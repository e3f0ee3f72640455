"""The graph that ONNX Runtime really runs, each node traced back to a node of the file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from quantlab.deploy.onnx_graph.graph import (
    Graph,
    Node,
    graphs_inside,
    read_graph,
    read_subgraph,
)
from quantlab.deploy.runtime.node_times import node_seconds
from quantlab.deploy.runtime.session import open_session

#: What ONNX Runtime adds to the name of the node that a new one replaces, repeats or continues, or
#: to the name of what that node writes.
ADDED = re.compile(r"^fused |(_token_\d+|/duplicated|(_mul|_bn)?_nchwc|/MatMulAddFusion)$")
#: The name of a Conv that does the work of a Mul or BatchNormalization: one filter a channel.
NO_LAYER = re.compile(r"(_mul|_bn)_nchwc$")
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
    _name(copy.graph, set())
    return copy


def _name(graph: onnx.GraphProto, taken: set[str]) -> None:
    for node in graph.node:
        node.name = node.name or next(filter(None, node.output))
        while node.name in taken:
            node.name += "'"
        taken.add(node.name)
        for _, inner in graphs_inside(node):
            _name(inner, taken)


@dataclass(frozen=True, eq=False)
class Branch:
    """A graph inside a node that runs: a branch of If, the body of Loop or Scan.

    Attributes
    ----------
    place : str
        Operator and name of the node, and which of its graphs.
    ran : OptimizedGraph
        Without times: the profiler counts them into the node's.
    input_types : mapping of the graph's own inputs to ONNX element types
    """

    place: str
    ran: OptimizedGraph
    input_types: Mapping[str, int]


def branches(ran: OptimizedGraph) -> Iterator[Branch]:
    """The graphs inside the nodes that run; not those inside these in turn."""
    sources = {node.name: node for node in ran.source.nodes}
    for node, origin in zip(ran.graph.nodes, ran.origins, strict=True):
        given = dict(graphs_inside(sources[origin].proto)) if origin else {}
        for name, proto in graphs_inside(node.proto):
            source = read_subgraph(given.get(name, proto), ran.source)
            graph = read_subgraph(proto, ran.graph)
            types = {entry.name: entry.type.tensor_type.elem_type for entry in proto.input}
            inside = OptimizedGraph(source, graph, _origins(source, graph), None)
            yield Branch(f"{node.operator} {origin or node.name!r}, {name}", inside, types)


def _origins(source: Graph, graph: Graph) -> tuple[str, ...]:
    """The source node of every node that runs: by its name, or by what it writes and who reads."""
    trace = _Trace(source, graph)
    return tuple(trace.layer_behind(node) for node in graph.nodes)


class _Trace:
    """From the last node that runs to the first, as a nameless one serves whoever reads it."""

    def __init__(self, source: Graph, graph: Graph) -> None:
        self.source = {node.name: node for node in source.nodes}
        self.writers = {tensor: node.name for node in source.nodes for tensor in node.outputs}
        self.named = {node.outputs[0]: self._named_after(node.proto.name) for node in graph.nodes}
        self.claimed = set(self.named.values())
        self.found: dict[str, str] = {}  # by first output
        for node in reversed(graph.nodes):
            readers = [reader.outputs[0] for reader in graph.readers.get(node.outputs[0], ())]
            self.found[node.outputs[0]] = self.named[node.outputs[0]] or self._guess(node, readers)

    def _named_after(self, name: str) -> str:
        """The source node that a name was made from, or from whose output's; "" for neither."""
        return _known(name, self.source) or self.writers.get(_known(name, self.writers), "")

    def _guess(self, node: Node, readers: Sequence[str]) -> str:
        if node.operator in INSERTED:
            return ""
        written = self.writers.get(_known(node.outputs[0], self.writers))
        if written:
            return written
        for reader in readers:
            origin = self.found[reader]
            if origin and not node.proto.name and self.named[reader]:
                return self._unclaimed_before(origin) or origin
            if origin:
                return origin
        return ""

    def _unclaimed_before(self, reader: str) -> str:
        """The source node before `reader` that no node bears the name of: a function, in whose
        place ONNX Runtime puts nameless nodes."""
        before = (self.writers.get(tensor, "") for tensor in self.source[reader].inputs)
        return next((name for name in before if name and name not in self.claimed), "")

    def layer_behind(self, node: Node) -> str:
        """The origin, or the layer before it where a layer bears the name of a Relu fused to it."""
        origin = self.found[node.outputs[0]]
        if not origin or not multiplies(node.operator) or NO_LAYER.search(node.proto.name):
            return origin
        return nearest_layer(self.source, self.writers, origin) or origin


def nearest_layer(nodes: Mapping[str, Node], writers: Mapping[str, str], start: str) -> str:
    """The first node at or before `start` that multiplies; "" where there is none.

    Parameters
    ----------
    nodes : mapping of name to Node
    writers : mapping of tensor to the name of the node that writes it
    start : str
        A node's name.
    """
    queue = [nodes[start]]
    for node in queue:
        if multiplies(node.operator):
            return node.name
        names = (writers.get(tensor) for tensor in node.inputs)
        queue += [nodes[name] for name in names if name]
    return ""


def multiplies(operator: str) -> bool:
    """Whether an operator is one of those, by whatever name, that sum up products."""
    return any(layer in operator for layer in ("Conv", "Gemm", "MatMul", "FullyConnected"))


def _known(name: str, known: Collection[str]) -> str:
    """The name, or the known one that it was made from; "" where there is none."""
    while name and name not in known:
        shorter = ADDED.sub("", name, count=1)
        name = "" if shorter == name else shorter
    return name
