"""What a file computes from its own constants, computed once and for all."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import numpy_helper

from quantlab.deploy.onnx_graph.graph import graphs_inside
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session

#: Operators that give other numbers on every run.
RANDOM = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike",
}  # fmt: skip


def fold_constants(model: onnx.ModelProto) -> None:
    """Replace every node that reads constants alone by what ONNX Runtime makes of it, in place.

    Weights that a file transposes, reshapes or multiplies are plain constants afterwards.
    """
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    # Files of an old format list their weights among the inputs, too.
    fed = [entry for entry in graph.input if entry.name not in stored]
    del graph.input[:]
    graph.input.extend(fed)
    known, folded = set(stored), []
    for node in graph.node:
        plain = not any(graphs_inside(node)) and node.op_type not in RANDOM
        returned = {entry.name for entry in graph.output}.intersection(node.output)
        if plain and not returned and known.issuperset(filter(None, node.input)):
            known.update(node.output)
            folded.append(node)
    kept = [node for node in graph.node if node not in folded]
    read = set(names_read(kept))
    wanted = [name for node in folded for name in node.output if name in read]
    graph.initializer.extend(_computed(model, folded, wanted) if wanted else [])
    del graph.node[:]
    graph.node.extend(kept)
    drop_unread(graph)


def names_read(nodes: list[onnx.NodeProto]) -> Iterator[str]:
    """Every tensor that nodes read, those inside of If, Loop and Scan included."""
    for node in nodes:
        yield from filter(None, node.input)
        for _, inner in graphs_inside(node):
            yield from names_read(list(inner.node))
            yield from (entry.name for entry in inner.output)


def drop_unread(graph: onnx.GraphProto) -> None:
    """Leave out constants that nothing reads any more."""
    read = {*names_read(list(graph.node)), *(entry.name for entry in graph.output)}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _computed(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], wanted: list[str]
) -> list[onnx.TensorProto]:
    part = onnx.ModelProto()
    part.CopyFrom(model)
    del part.graph.node[:], part.graph.input[:], part.graph.output[:]
    part.graph.node.extend(nodes)
    part.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    arrays = run_session(open_session(part), {}, wanted, "what the file computes from constants")
    return [
        numpy_helper.from_array(array, name) for array, name in zip(arrays, wanted, strict=True)
    ]
