"""Conditions on integer types, scales and settings."""

from __future__ import annotations

from collections.abc import Sequence

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.precision.fallback.site import (
    DQ,
    Q,
    Reason,
    Site,
    integer_type,
    is_layer,
    qparams_key,
)
from quantlab.numerics.integer_operators import integer_operator

EIGHT_BITS = ("int8", "uint8")


def types_differ(site: Site) -> Reason | None:
    """8 bits, one type in and out, and a scale for the whole tensor."""
    before, quantizer = list(site.dequantizers()), site.quantizer()
    around = [*before, quantizer] if quantizer is not None else before
    types = [integer_type(site.graph, node) for node in around]
    wide = [dtype for dtype in types if dtype not in EIGHT_BITS]
    if wide:
        return Reason("not 8 bits", f"Its activations are {wide[0]}; integer kernels take 8 bits.")
    signed = _signed(site, before, quantizer) if site.x86 and "int8" in types else None
    if signed is not None:
        return signed
    if len(set(types)) > 1:
        return Reason("types differ", f"It reads {types[0]} and writes {types[-1]}.")
    for node in around:
        scale = site.graph.constants.get(node.input(1))
        if scale is not None and scale.size > 1:
            side = "output" if node is quantizer else "input"
            return Reason(
                "scale a channel", f"Its {side} has a scale a channel; it takes one a tensor."
            )
    weights = site.writer(site.node.input(1)) if is_layer(site.node) else None
    if weights is not None and integer_type(site.graph, weights) not in EIGHT_BITS:
        dtype = integer_type(site.graph, weights)
        return Reason("not 8 bits", f"Its weights are {dtype}; integer kernels take 8 bits.")
    return None


def _signed(site: Site, before: Sequence[Node], quantizer: Node | None) -> Reason | None:
    """On x86 a signed tensor is made unsigned where one node writes and one node reads it."""
    tensors = [node.inputs[0] for node in before]
    tensors += [quantizer.outputs[0]] if quantizer is not None else []
    for tensor in tensors:
        if tensor in site.graph.inputs or tensor in site.graph.outputs:
            does, at = ("enters", "input") if tensor in site.graph.inputs else ("leaves", "output")
            return Reason(
                f"int8 {at}",
                f"The int8 tensor {tensor!r} {does} the model as it is; on x86 integer kernels "
                f"take uint8.",
            )
        readers = _readers(site, tensor)
        if len(readers) > 1:
            return Reason(
                "int8 tensor with several readers",
                f"{len(readers)} nodes read the int8 tensor {tensor!r}; on x86 ONNX Runtime makes "
                f"activations uint8 only where one node reads them.",
            )
    return None


def _readers(site: Site, tensor: str) -> list[Node]:
    """Who reads an integer tensor as numbers. Tensors quantized alike are one: they are merged."""
    graph, quantizer = site.graph, site.writer(tensor)
    alike = [tensor]
    if quantizer is not None and quantizer.operator == Q:
        others = (n for n in graph.readers[quantizer.inputs[0]] if n.operator == Q)
        key = qparams_key(graph, quantizer)
        alike = [n.outputs[0] for n in others if qparams_key(graph, n) == key]
    dequantizers = [node for name in alike for node in graph.readers.get(name, ())]
    return [n for node in dequantizers for n in graph.readers.get(node.outputs[0], ())]


def settings(site: Site) -> Reason | None:
    factors = {name: site.node.attributes.get(name, 1.0) for name in ("alpha", "beta")}
    if site.node.operator == "Gemm" and set(factors.values()) != {1.0}:
        said = ", ".join(f"{name}={value:g}" for name, value in factors.items() if value != 1)
        return Reason("Gemm with a factor", f"It has {said}; the integer kernel knows only 1.")
    bias = site.node.input(2) if is_layer(site.node) else ""
    writer = site.writer(bias)
    if bias and bias not in site.graph.constants and (writer is None or writer.operator != DQ):
        return Reason("bias not constant", f"Its bias {bias!r} is computed while the model runs.")
    return _qparams_changed(site) if integer_operator(site.node.operator).moves else None


def _qparams_changed(site: Site) -> Reason | None:
    operator, quantizer = site.node.operator, site.quantizer()
    around = [*site.dequantizers(), *([] if quantizer is None else [quantizer])]
    if any(node.input(1) not in site.graph.constants for node in around):
        return Reason("scale not constant", f"A scale beside the {operator} is computed.")
    if len({qparams_key(site.graph, node) for node in around}) > 1:
        return Reason(
            "rulers differ",
            f"{operator} hands integers on as they are, but the ruler behind it is not the one "
            f"before it.",
        )
    return None
