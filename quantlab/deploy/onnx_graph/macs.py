"""How many multiply-accumulates each layer of an ONNX graph does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import onnx

from quantlab.deploy.onnx_graph.graph import (
    Graph,
    Node,
    graphs_inside,
    read_graph,
    read_subgraph,
)

Shape = tuple[int, ...]
RUNTIMES_OWN = "com.microsoft"

#: Operators that multiply and accumulate, to the position of their weights among the inputs.
WEIGHTS = {
    "Conv": 1,
    "ConvInteger": 1,
    "ConvTranspose": 1,
    "Gemm": 1,
    "MatMul": 1,
    "MatMulInteger": 1,
    "QGemm": 3,
    "QLinearConv": 3,
    "QLinearMatMul": 3,
}


#: ONNX Runtime's own operators that `quantize_static` writes into a file, which ONNX's shape
#: inference does not know: the ONNX operator with the same shapes, and where its inputs stand.
SAME_SHAPES = {
    "QGemm": ("Gemm", slice(0, 4, 3)),
    "QLinearAdd": ("Add", slice(0, 4, 3)),
    "QLinearAveragePool": ("AveragePool", slice(1)),
    "QLinearConcat": ("Concat", slice(2, None, 3)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", slice(1)),
    "QLinearLeakyRelu": ("Identity", slice(1)),
    "QLinearMul": ("Mul", slice(0, 4, 3)),
    "QLinearSigmoid": ("Identity", slice(1)),
    "QLinearSoftmax": ("Identity", slice(1)),
}


def macs_of(
    model: onnx.ModelProto, inputs: Mapping[str, Shape] | None = None
) -> dict[str, int | None]:
    """Multiply-accumulates of every Conv, Gemm, MatMul and their kin, from shapes alone.

    Padding counts as if it were multiplied, as is usual. A bias is an addition and counts nothing.
    Nodes inside If, Loop and Scan count too, once each.

    Parameters
    ----------
    model : onnx.ModelProto
    inputs : mapping of input name to shape, optional
        The shapes to count for. Without it a first dimension without a size counts as 1.

    Returns
    -------
    dict
        Node name (its first output's where it has none) to MACs; None where shape inference finds
        no shape.
    """
    shapes = inferred_shapes(model, inputs)
    return {
        node.name: _macs(graph, node, shapes)
        for graph in _with_inner(read_graph(model))
        for node in graph.nodes
        if _counts(node)
    }


def inferred_shapes(
    model: onnx.ModelProto, inputs: Mapping[str, Shape] | None = None
) -> dict[str, Shape]:
    """The shape of every tensor for which ONNX's shape inference finds all sizes."""
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    for entry in sized.graph.input:
        dims = entry.type.tensor_type.shape.dim
        if inputs and entry.name in inputs:
            del dims[:]
            for size in inputs[entry.name]:
                dims.add(dim_value=size)
        elif dims and not dims[0].dim_value:
            dims[0].dim_value = 1
    for node in sized.graph.node:
        if node.domain == RUNTIMES_OWN and node.op_type in SAME_SHAPES:
            _say_in_onnx(node)
    # Shapes written down for another batch would contradict this one.
    for part in _protos(sized.graph):
        del part.value_info[:]
        for entry in part.output:
            entry.type.tensor_type.ClearField("shape")
    graph = onnx.shape_inference.infer_shapes(sized, data_prop=True).graph
    shapes: dict[str, Shape] = {}
    for part in _protos(graph):
        shapes |= {tensor.name: tuple(tensor.dims) for tensor in part.initializer}
        for entry in (*part.input, *part.value_info, *part.output):
            kind = entry.type.tensor_type
            if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
                shapes[entry.name] = tuple(d.dim_value for d in kind.shape.dim)
    return shapes


def _protos(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and every graph inside its nodes."""
    yield graph
    for node in graph.node:
        for _, inner in graphs_inside(node):
            yield from _protos(inner)


def _with_inner(graph: Graph) -> Iterator[Graph]:
    yield graph
    for node in graph.nodes:
        for _, inner in graphs_inside(node.proto):
            yield from _with_inner(read_subgraph(inner, graph))


def _say_in_onnx(node: onnx.NodeProto) -> None:
    node.op_type, places = SAME_SHAPES[node.op_type]
    node.domain = ""
    kept = list(node.input)[places]
    del node.input[:]
    node.input.extend(kept)


def _counts(node: Node) -> bool:
    return node.operator in WEIGHTS and (node.domain == "" or node.operator == "QGemm")


def _macs(graph: Graph, node: Node, shapes: Mapping[str, Shape]) -> int | None:
    x, y = shapes.get(node.inputs[0]), shapes.get(node.outputs[0])
    w = shapes.get(node.input(WEIGHTS[node.operator]))
    if x is None or y is None or w is None:
        return None
    if node.operator == "ConvTranspose":  # every input element is spread by its filters
        return prod(x) * prod(w[1:])
    if "Conv" in node.operator:  # every output element is a window of inputs times a filter
        return prod(y) * prod(w[1:])
    if node.operator in ("Gemm", "QGemm"):
        return prod(y) * x[0 if node.attributes.get("transA", 0) else 1]
    return prod(y) * x[-1]
