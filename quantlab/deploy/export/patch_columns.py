"""A convolution of patches reads a picture column by column, without moving a byte.

A first convolution whose stride is its width, on pixels (N, H, W, C), reads `columns` neighbours of
a row at once: columns * C bytes that lie side by side. ONNX Runtime gathers them pixel by pixel, C
bytes at a time. Read as (N, H, W / columns, columns * C), the same bytes are one pixel, and a
kernel of width 1 gathers them in one piece. The sums are of the same products, so every integer
stays what it is.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from quantlab.deploy.onnx_graph.graph import Graph, Node, read_graph


def read_by_columns(model: onnx.ModelProto, planar: str, width: int) -> int:
    """Give the convolutions that read a picture a kernel of width 1, in place, where that is exact.

    Parameters
    ----------
    model : onnx.ModelProto
    planar : str
        The tensor of pixels, uint8 (N, C, H, W), that DequantizeLinear reads.
    width : int
        W, in pixels.

    Returns
    -------
    int
        How many neighbours of a row are now one pixel; 1 where nothing was changed: another reader,
        float weights, kernels that overlap, pad or leave pixels out, a width that is no multiple.
    """
    graph = read_graph(model)
    dequantized = [node for node in graph.nodes if node.operator == "DequantizeLinear"]
    weights = {node.outputs[0]: node.inputs[0] for node in dequantized}
    readers = [conv for node in graph.readers[planar] for conv in graph.readers[node.outputs[0]]]
    found = {_columns(conv) if _is_integer(graph, weights, conv) else 1 for conv in readers}
    columns = found.pop() if len(found) == 1 else 1
    if columns == 1 or width % columns:
        return 1
    for name in {weights[conv.inputs[1]] for conv in readers}:
        (stored,) = (tensor for tensor in model.graph.initializer if tensor.name == name)
        stored.CopyFrom(numpy_helper.from_array(_turned(graph.constants[name]), name))
    for conv in readers:
        for attribute in conv.proto.attribute:
            if attribute.name in ("kernel_shape", "strides"):
                attribute.ints[1] = 1
    return columns


def _is_integer(graph: Graph, weights: Mapping[str, str], node: Node) -> bool:
    """Whether it is a convolution that ONNX Runtime computes on integers."""
    stored = weights.get(node.input(1), "") if node.operator == "Conv" else ""
    return graph.element_types.get(stored) == onnx.TensorProto.INT8


def _columns(conv: Node) -> int:
    """The width of a kernel that steps by its width, pads nothing, leaves nothing out; else 1."""
    at = conv.attributes
    width = int(at["kernel_shape"][1])
    tiles = at["strides"][1] == width and at["dilations"][1] == 1 and not any(at["pads"])
    return width if tiles and at["group"] == 1 else 1


def _turned(q: np.ndarray) -> np.ndarray:
    """Weights (out, C, h, w) as (out, w * C, h, 1): a row's bytes run pixel by pixel."""
    out, channels, height, width = q.shape
    turned = q.transpose(0, 3, 1, 2).reshape(out, width * channels, height, 1)
    return np.ascontiguousarray(turned)
