"""A detector that is fed with the picture itself: uint8, as it comes from a camera.

Preprocessing is one multiplication and one addition a channel. The first convolution can do both:
its weights take the multiplication, its bias the addition. The ruler of the input then has scale 1
and zero_point 0, a pixel is its own integer, and nothing is computed before the first convolution.
"""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from quantlab.methods import QuantizedModel
from quantlab.methods.ptq.weights import from_integers
from quantlab.numerics import QParams
from quantlab.scenes import Preprocessing

PIXELS = "pixels"
#: What calibrates a net that `reads_pixels` made.
PIXELS_AS_FLOATS = Preprocessing(scale=1.0)
#: A pixel is its own integer.
EXACT = QParams(1.0, 0, "uint8")


def reads_pixels(net: nn.Module, preprocessing: Preprocessing) -> nn.Module:
    """A copy of the net for pixels from 0 to 255, float32 (N, 3, H, W): equal but for rounding.

    Raises
    ------
    ValueError
        The first convolution pads: its zeros stand for the mean colour, which pixels have no 0 for.
    """
    copy = deepcopy(net)
    path, first = next((p, m) for p, m in copy.named_modules() if isinstance(m, nn.Conv2d))
    if first.padding != (0, 0):
        raise ValueError(
            f"{path} pads by {first.padding}, but a padded 0 means the mean colour, which is no "
            "pixel of 0: only a first convolution without padding can take the preprocessing."
        )
    std, mean = (torch.tensor(v).view(1, 3, 1, 1) for v in (preprocessing.std, preprocessing.mean))
    with torch.no_grad():
        scaled = first.weight / std
        shift = (scaled * mean).sum((1, 2, 3))
        first.weight.copy_(scaled * preprocessing.scale)
        first.bias = nn.Parameter(-shift if first.bias is None else first.bias - shift)
    return copy


def with_exact_input(model: QuantizedModel) -> QuantizedModel:
    """The model with the ruler EXACT at its input, and the first biases in steps of it."""
    (source,) = (node for node in model.graph.graph.nodes if node.op == "placeholder")
    first = {
        name: from_integers(weight.q, weight.bias, weight.qparams, EXACT)
        for name, weight in model.weights.items()
        if name in {user.name for user in source.users}
    }
    return replace(
        model,
        activations={**model.activations, source.name: EXACT},
        weights={**model.weights, **first},
    )


def feed_pixels(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose input is `pixels`, uint8 (N, H, W, 3), instead of pixels as floats.

    Where the input's ruler is EXACT, its QuantizeLinear is left out; elsewhere a Cast makes the
    floats that it reads.
    """
    model = deepcopy(model)
    graph = model.graph
    (old,) = graph.input
    batch, channels, height, width = old.type.tensor_type.shape.dim
    shape = [batch.dim_param or batch.dim_value, height.dim_value, width.dim_value,
             channels.dim_value]  # fmt: skip
    name = old.name
    graph.input.remove(old)
    graph.input.append(helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, shape))
    readers = [node for node in graph.node if name in node.input]
    planar = f"{PIXELS}_planar"
    if [node.op_type for node in readers] == ["QuantizeLinear"] and _is_exact(graph, readers[0]):
        (planar,) = readers[0].output
        graph.node.remove(readers[0])
    else:
        graph.node.insert(0, helper.make_node("Cast", [planar], [name], to=TensorProto.FLOAT))
    graph.node.insert(0, helper.make_node("Transpose", [PIXELS], [planar], perm=(0, 3, 1, 2)))
    onnx.checker.check_model(model)
    return model


def _is_exact(graph: onnx.GraphProto, quantize: onnx.NodeProto) -> bool:
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    scale, zero_point = (stored[name] for name in quantize.input[1:])
    return bool(scale == EXACT.scale and zero_point == 0 and zero_point.dtype == np.uint8)
