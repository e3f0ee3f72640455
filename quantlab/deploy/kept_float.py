"""Layers that stay float, said so that ONNX Runtime understands it."""

from collections.abc import Collection

from onnx import helper

from quantlab.deploy.graph_writer import GraphWriter

# What ONNX Runtime computes on integers wherever DequantizeLinear and QuantizeLinear stand on both
# sides. It even quantizes the float weights of a layer then, with one scale for all channels
# (core/optimizer/qdq_transformer/weight_bias_quantization.cc).
FUSED_BY_RUNTIME = {
    "Add", "AveragePool", "Concat", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool",
    "LeakyRelu", "MatMul", "Mul", "Sigmoid", "Softmax",
}  # fmt: skip


def keep_float(writer: GraphWriter, start: int, name: str, dequantized: Collection[str]) -> None:
    """Put a Clip without ends in front of the operators written since `start`.

    Such a Clip changes no number, and no fusion reaches past it.

    Parameters
    ----------
    writer : GraphWriter
        Its nodes from `start` on are those of one layer; they are changed.
    start : int
    name : str
        The layer's name; the Clips are `{name}_kept_float_0` and so on.
    dequantized : tensors that a DequantizeLinear writes
    """
    guarded: dict[str, str] = {}
    for node in writer.nodes[start:]:
        if node.op_type in FUSED_BY_RUNTIME:
            for at, tensor in enumerate(node.input):
                if tensor in dequantized:
                    guard = f"{name}_kept_float_{len(guarded)}"
                    node.input[at] = guarded.setdefault(tensor, guard)
    writer.nodes[start:start] = [
        helper.make_node("Clip", [tensor], [guard], name=guard) for tensor, guard in guarded.items()
    ]
