"""Conditions on the nodes around: a kernel, weights, and rulers on every side."""

from __future__ import annotations

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.precision.fallback.site import (
    DQ,
    Q,
    Reason,
    Site,
    called,
    float_weights,
    guards,
    is_layer,
    is_quantized,
    listed,
)
from quantlab.deploy.simulator.node_qparams import node_qparams
from quantlab.deploy.simulator.redundant import clip_node_is_redundant
from quantlab.numerics.integer_operators import integer_operator, why_no_kernel

ADVICE = {
    "BatchNormalization": " Fold it into the layer before it, then quantize.",
}


def float_model(site: Site) -> Reason | None:
    if any(is_quantized(node) for node in site.graph.nodes):
        return None
    return Reason("float model", "Nothing in the file is quantized.")


def no_kernel(site: Site) -> Reason | None:
    node = site.node
    why = why_no_kernel(node.operator, node.attributes)
    if why is None:
        return None
    if guards(node):
        return Reason("kept float", "A Clip without ends keeps the operator behind it float.")
    if integer_operator(node.operator).clips:
        return Reason(
            f"no integer kernel: {node.operator} alone",
            f"A {node.operator} of its own has no integer kernel; behind an operator that computes "
            f"on integers it vanishes into the ruler.",
        )
    which = node.operator
    if which == "Resize":  # one of another mode than nearest
        which = f"Resize with mode={node.attributes['mode']!r}"
    return Reason(
        f"no integer kernel: {which}",
        f"{why}: it gets and gives floats.{ADVICE.get(node.operator, '')}",
    )


def kept_float(site: Site) -> Reason | None:
    node = site.node
    weights = site.writer(node.input(1))
    if float_weights(site.graph, node):
        return Reason("kept float", "Its weights are float in the file: it was kept float.")
    if is_layer(node) and weights is None:
        return Reason("weights not constant", f"Its weights {node.input(1)!r} are a float input.")
    if is_layer(node) and weights is not None and weights.operator != DQ:
        return Reason(
            "weights not constant",
            f"Its weights are computed in float while the model runs, by {called(weights)}.",
        )
    before = [site.writer(tensor) for tensor in site.activations()]
    if any(writer is not None and guards(writer) for writer in before):
        return Reason("kept float", "A Clip without ends stands before it: it was kept float.")
    if not any(site.dequantizers()) and site.quantizer() is None:
        return Reason("kept float", "Nothing around it is quantized: it was kept float.")
    return None


def float_input(site: Site) -> Reason | None:
    for tensor in site.activations():
        writer = site.behind_moves(tensor)
        if writer is not None and writer.operator == DQ:
            continue
        if tensor in site.graph.constants:
            source = "is a float constant: store it as integers with a DequantizeLinear"
        elif writer is None:
            source = "is a float input of the model: no QuantizeLinear before it"
        else:
            source = f"comes as float from {called(writer)}: no QuantizeLinear before it"
        return Reason("float input", f"Its input {tensor!r} {source}.")
    return None


def float_output(site: Site) -> Reason | None:
    """The output must go to one QuantizeLinear; a Relu that its ruler does may stand between."""
    node, tensor = site.node, site.node.outputs[0]
    if site.quantizer() is not None:
        return None
    readers = site.graph.readers.get(tensor, ())
    after = site.graph.only_reader(tensor)
    if after is not None and integer_operator(after.operator).clips:
        tensor = after.outputs[0]
        readers = site.graph.readers.get(tensor, ())
    elif not integer_operator(node.operator).integers_only and not any(
        reader.operator == Q for reader in readers
    ):
        return None
    if tensor in site.graph.outputs and not readers:
        return Reason("no QuantizeLinear after it", "Its output leaves the model as float.")
    others = [reader for reader in readers if reader.operator != Q]
    if len(readers) > 1 or tensor in site.graph.outputs:
        who = listed([*map(called, readers), *["the caller"] * (tensor in site.graph.outputs)])
        kind = "several readers" if len(others) < len(readers) else "no QuantizeLinear after it"
        return Reason(kind, f"Its float output is read by {who}; an integer kernel writes none.")
    return _between(site, others[0])


def _between(site: Site, other: Node) -> Reason:
    """One float operator reads the node: does a QuantizeLinear follow that?"""
    after = site.graph.only_reader(other.outputs[0])
    if after is not None and after.operator == Q:
        return Reason(
            f"{other.operator} before QuantizeLinear",
            f"{called(other)} stands between it and the QuantizeLinear, so it must write floats.",
        )
    return Reason("no QuantizeLinear after it", f"{called(other)} reads its output as float.")


def relu_needed(site: Site) -> Reason | None:
    clip, quantizer = site.graph.only_reader(site.node.outputs[0]), site.quantizer()
    if clip is None or not integer_operator(clip.operator).clips or quantizer is None:
        return None
    kind = f"{clip.operator} before QuantizeLinear"
    stands = f"{called(clip)} stands between it and a QuantizeLinear whose range"
    if quantizer.input(1) not in site.graph.constants:
        return Reason(kind, f"{stands} is computed, so it cannot be dropped beforehand.")
    y = node_qparams(site.graph, quantizer)
    if y.axis is not None:
        return None  # no integer kernel writes on such a ruler, Relu or not: see `settings`
    if clip_node_is_redundant(site.graph, clip, y):
        return None
    return Reason(
        kind, f"{stands} [{y.lo:.3g}, {y.hi:.3g}] goes beyond it, so it cannot be dropped."
    )
