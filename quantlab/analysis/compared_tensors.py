"""The quantized tensors of a QDQ model: rulers, makers, and the float tensors they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import onnx

from quantlab.deploy.onnx_graph.graph import Graph, Node, read_graph
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from quantlab.deploy.simulator.node_qparams import node_qparams
from quantlab.deploy.simulator.refusals import refuse_float
from quantlab.numerics import QParams


@dataclass(frozen=True, eq=False)
class ComparedTensor:
    """A tensor that a QuantizeLinear writes.

    layer : str
        The layer that computes it, as `layer_labels` names it; the input's own name.
    name : str
        The tensor, without the endings of its float and its integer form.
    reference : str
        The tensor it stands for in the float model.
    integers : str
        What the QuantizeLinear writes, by its name in the file.
    operator : str
        ONNX operator of the layer; "input" for the model's input.
    qparams : QParams, per-tensor
    """

    layer: str
    name: str
    reference: str
    integers: str
    operator: str
    qparams: QParams


def compared_tensors(
    model: onnx.ModelProto, reference: onnx.ModelProto
) -> tuple[ComparedTensor, ...]:
    """Every activation that the model quantizes, in its own order, with its float counterpart.

    Parameters
    ----------
    model : QDQ model
    reference : its float version
        A tensor keeps its name in front of the QuantizeLinear or behind the DequantizeLinear. What
        a convolution computes after a BatchNormalization was folded into it stands for what the
        BatchNormalization computes.

    Raises
    ------
    ValueError
        The model quantizes nothing, has rulers that QParams cannot describe, or a tensor that the
        reference does not know.
    """
    refuse_float(model)
    graph, floating = read_graph(model), read_graph(reference)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    known = {name for node in floating.nodes for name in node.outputs} | set(floating.inputs)
    labels = layer_labels(model, graph)
    found: list[ComparedTensor] = []
    for node in graph.nodes:
        if node.operator == "QuantizeLinear":
            name = _known_name(graph, known, node)
            maker = _layer_behind_clips(makers, node)
            label = name if maker is None else labels[maker.name]
            found.append(
                ComparedTensor(
                    layer=name if label in {other.layer for other in found} else label,
                    name=name,
                    reference=_behind_batchnorm(floating, name, makers),
                    integers=node.outputs[0],
                    operator="input" if maker is None else maker.operator,
                    qparams=_per_tensor(graph, node),
                )
            )
    return tuple(found)


def _layer_behind_clips(makers: Mapping[str, Node], quantizer: Node) -> Node | None:
    """The node that computes what is quantized; a Relu or Clip in float belongs to it."""
    maker = makers.get(quantizer.input(0))
    while maker is not None and maker.operator in ("Relu", "Clip"):
        before = makers.get(maker.input(0))
        if before is None or before.operator == "DequantizeLinear":
            break
        maker = before
    return maker


def _known_name(graph: Graph, known: Set[str], node: Node) -> str:
    """The name that a QuantizeLinear's tensor has in the float model too."""
    source = node.input(0)
    readers = graph.readers.get(node.outputs[0], ())
    behind = [r.outputs[0] for r in readers if r.operator == "DequantizeLinear"]
    name = next((name for name in (*behind, source) if name in known), None)
    if name is None:
        raise ValueError(
            f"the float model has no tensor {source!r}, so the error of {node} cannot be told: "
            "export the reference from the model that was quantized, with the same names."
        )
    return name


def _behind_batchnorm(floating: Graph, name: str, makers: Mapping[str, Node]) -> str:
    """What a tensor of the quantized model is in a float model that is not folded yet."""
    reader = floating.only_reader(name)
    if reader is None or reader.operator != "BatchNormalization" or reader.outputs[0] in makers:
        return name
    return reader.outputs[0]


def _per_tensor(graph: Graph, node: Node) -> QParams:
    qparams = node_qparams(graph, node)
    if qparams.axis is not None:
        raise ValueError(
            f"{node} has one scale a channel, but the LSB of an activation is one number: quantize "
            "activations per tensor."
        )
    return qparams
