"""Layers that stay float, said so that ONNX Runtime understands it."""

from collections.abc import Collection, Sequence

import onnx
from onnx import helper

# What ONNX Runtime computes on integers where all inputs come from integers and the output becomes
# integers again. Of a layer with weights only the first input counts: float weights are quantized
# then, with one scale for all channels
# (core/optimizer/qdq_transformer/weight_bias_quantization.cc).
WITH_WEIGHTS = {"Conv", "ConvTranspose", "Gemm"}
WITHOUT_WEIGHTS = {
    "Add", "AveragePool", "Concat", "GlobalAveragePool", "LeakyRelu", "MatMul", "Mul", "Sigmoid",
    "Softmax",
}  # fmt: skip

# It carries rulers past these, and so fuses across them.
MOVES = {
    "DepthToSpace", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Resize", "Slice",
    "Split", "Squeeze", "Transpose", "Unsqueeze",
}  # fmt: skip
DONE_BY_RULER = {"Relu", "Clip"}


def keep_float(
    nodes: Sequence[onnx.NodeProto], float_nodes: Collection[str]
) -> list[onnx.NodeProto]:
    """The nodes, with a Clip without ends before each float one that would not stay float.

    Such a Clip changes no number, and no fusion reaches past it.

    Parameters
    ----------
    nodes : sequence of onnx.NodeProto
        In the order in which they run. Guarded ones are changed in place.
    float_nodes : names of the nodes to keep in float
        The Clip before one of them is called `{name}_kept_float`.
    """
    dequantized = _dequantized(nodes)
    quantized = _quantized(nodes)
    guarded: list[onnx.NodeProto] = []
    for node in nodes:
        counted = node.input[:1] if node.op_type in WITH_WEIGHTS else node.input
        if (
            node.name in float_nodes
            and node.op_type in WITH_WEIGHTS | WITHOUT_WEIGHTS
            and dequantized.issuperset(counted)
            and node.output[0] in quantized
        ):
            guard = f"{node.name}_kept_float"
            guarded.append(helper.make_node("Clip", [node.input[0]], [guard], name=guard))
            node.input[0] = guard
        guarded.append(node)
    return guarded


def _dequantized(nodes: Sequence[onnx.NodeProto]) -> set[str]:
    """Tensors that come from a DequantizeLinear, moved or not."""
    found: set[str] = set()
    for node in nodes:
        moved = node.op_type in MOVES and node.input[0] in found
        if moved or node.op_type == "DequantizeLinear":
            found.update(node.output)
    return found


def _quantized(nodes: Sequence[onnx.NodeProto]) -> set[str]:
    """Tensors that go to a QuantizeLinear, moved or clipped before it or not."""
    found: set[str] = set()
    for node in reversed(nodes):
        passed = node.op_type in MOVES | DONE_BY_RULER and found.intersection(node.output)
        if passed or node.op_type == "QuantizeLinear":
            found.add(node.input[0])
    return found
