"""The quantized tensors of a QDQ model: rulers, makers, and the float tensors they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import onnx

from quantlab.deploy.simulator.graph import Graph, Node, read_graph
from quantlab.deploy.simulator.rulers import ruler_of
from quantlab.numerics import QParams


@dataclass(frozen=True, eq=False)
class ComparedTensor:
    """A tensor that a QuantizeLinear writes.

    name : str
        The tensor's name in the float model; in a model from export_onnx, torch.fx's name.
    integers : str
        What the QuantizeLinear writes, by its name in the file.
    operator : str
        ONNX operator of the node that computes it; "input" for the model's input.
    qparams : QParams, per-tensor
    """

    name: str
    integers: str
    operator: str
    qparams: QParams


def compared_tensors(
    model: onnx.ModelProto, reference: onnx.ModelProto
) -> tuple[ComparedTensor, ...]:
    """Every activation that the model quantizes, in its own order, named as in the reference.

    Parameters
    ----------
    model : QDQ model
    reference : its float version
        A tensor keeps its name in front of the QuantizeLinear or behind the DequantizeLinear.

    Raises
    ------
    ValueError
        The model quantizes nothing, has rulers that QParams cannot describe, or a tensor that the
        reference does not know.
    """
    graph = read_graph(model)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    known = {name for node in reference.graph.node for name in node.output}
    known |= {entry.name for entry in reference.graph.input}
    found = tuple(
        _tensor(graph, makers, known, node)
        for node in graph.nodes
        if node.operator == "QuantizeLinear"
    )
    if not found:
        raise ValueError(
            "the model has no QuantizeLinear, so it holds no integers to compare: pass the "
            "quantized model first and the float one as reference."
        )
    return found


def _tensor(
    graph: Graph, makers: Mapping[str, Node], known: Set[str], node: Node
) -> ComparedTensor:
    source, integers = node.input(0), node.outputs[0]
    qparams = ruler_of(graph, node)
    if qparams.axis is not None:
        raise ValueError(
            f"{node} has one scale a channel, but the LSB of an activation is one number: quantize "
            "activations per tensor."
        )
    readers = graph.readers.get(integers, ())
    behind = [r.outputs[0] for r in readers if r.operator == "DequantizeLinear"]
    name = next((name for name in (*behind, source) if name in known), None)
    if name is None:
        raise ValueError(
            f"the float model has no tensor {source!r}, so the error of {node} cannot be told: "
            "export the reference from the model that was quantized, with the same names."
        )
    maker = makers.get(source)
    return ComparedTensor(
        name=name,
        integers=integers,
        operator="input" if maker is None else maker.operator,
        qparams=qparams,
    )
