"""A model that is fed with the picture itself: uint8, as it comes from a camera.

Normalization is one multiplication and one addition a channel. The first convolution can do both:
its weights take the multiplication, its bias the addition. The ruler of the input then has scale 1
and zero_point 0, a pixel is its own integer, and nothing is computed before the first convolution.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import fx, nn

from quantlab.deploy.export.patch_columns import read_by_columns
from quantlab.methods.graph.operators import path_of
from quantlab.methods.ptq.weights import QuantizedWeight, from_integers, weight_qparams
from quantlab.methods.quantize_model import weight_rules
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.numerics import QParams, quantize

#: The input of such a model.
PIXELS = "pixels"
#: A pixel is its own integer.
EXACT = QParams(1.0, 0, "uint8")

Model = TypeVar("Model", QuantizedModel, fx.GraphModule)


class Normalization(Protocol):
    """What a value of the input is made with: (pixel * scale - mean) / std, a number a channel.

    A `quantlab.scenes.Preprocessing` is one.
    """

    @property
    def scale(self) -> float: ...
    @property
    def mean(self) -> Sequence[float]: ...
    @property
    def std(self) -> Sequence[float]: ...


def reads_pixels(model: Model, normalization: Normalization) -> Model:
    """The model for pixels from 0 to 255, float32 (N, C, H, W), instead of normalized ones.

    The same function of the picture. A float model's first weights are multiplied, as real numbers.
    Integer weights stay the same integers on another ruler where all channels have one std, and are
    rounded anew, to the nearest, where not. What was rounded away of the normalized input is no
    longer: pixels are integers already.

    Parameters
    ----------
    model : QuantizedModel or torch.fx.GraphModule, which is not changed
    normalization : Normalization

    Raises
    ------
    ValueError
        What reads the input is no convolution of all channels, or one that pads: its zeros stand
        for the mean colour, which pixels have no 0 for; mean and std of other channels.
    """
    graph = deepcopy(model.graph if isinstance(model, QuantizedModel) else model)
    (source,) = (node for node in graph.graph.nodes if node.op == "placeholder")
    factor = normalization.scale / np.asarray(normalization.std, np.float64)
    offset = np.asarray(normalization.mean, np.float64) / np.asarray(normalization.std, np.float64)
    readers = list(source.users)
    for node in readers:
        _fold(_first_convolution(graph, node, offset), factor, offset)
    if not isinstance(model, QuantizedModel):
        return graph
    rulers = {source.name: EXACT} if source.name in model.activations else {}
    folded = {
        node.name: _folded_integers(model, node.name, factor, offset)
        for node in readers
        if node.name in model.weights
    }
    return replace(
        model,
        graph=graph,
        activations={**model.activations, **rulers},
        weights={**model.weights, **folded},
    )


def _first_convolution(graph: fx.GraphModule, node: fx.Node, offset: np.ndarray) -> nn.Conv2d:
    """The module of a node that reads the input, or a sentence why it cannot normalize."""
    layer = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    if not isinstance(layer, nn.Conv2d) or layer.groups != 1:
        raise ValueError(
            f"{path_of(node)} reads the input, but only a convolution of all its channels can take "
            "the normalization: normalize outside the model, without preprocessing=."
        )
    if layer.in_channels != offset.size:
        raise ValueError(
            f"preprocessing has {offset.size} means, but {path_of(node)} reads {layer.in_channels} "
            "channels: pass the one that the model was trained with."
        )
    if layer.padding not in (0, (0, 0), "valid") and offset.any():
        raise ValueError(
            f"{path_of(node)} pads by {layer.padding}, but a padded 0 means the mean colour, which "
            "is no pixel of 0: only a first convolution without padding can take a mean. Normalize "
            "outside the model, without preprocessing=."
        )
    return layer


def _fold(layer: nn.Conv2d, factor: np.ndarray, offset: np.ndarray) -> None:
    """Give a float convolution weights and a bias for pixels."""
    weight = layer.weight.detach().double()
    shift = torch.einsum("mchw,c->m", weight, torch.from_numpy(offset))
    bias = -shift if layer.bias is None else layer.bias.detach().double() - shift
    scaled = weight * torch.from_numpy(factor).view(1, -1, 1, 1)
    layer.weight = nn.Parameter(scaled.float(), requires_grad=False)
    layer.bias = nn.Parameter(bias.float(), requires_grad=False)


def _folded_integers(
    model: QuantizedModel, name: str, factor: np.ndarray, offset: np.ndarray
) -> QuantizedWeight:
    """The integers of a first convolution for pixels, and the bias that belongs to them."""
    old = model.weights[name]
    bias = np.zeros(len(old.q)) if old.bias is None else old.bias.astype(np.float64)
    q, ruler = old.q, old.qparams
    if np.ptp(factor) == 0:
        scale = np.asarray(ruler.scale, np.float64) * np.float32(factor[0])
        ruler = replace(ruler, scale=scale)
    else:
        scaled = (old.dequantized * factor.reshape(1, -1, 1, 1)).astype(np.float32)
        rule = weight_rules(model.graph, model.placement, model.recipe)[name]
        ruler = weight_qparams(scaled, bias.astype(np.float32), rule, EXACT)
        q = quantize(scaled, ruler)
    # The mean goes through the weights as they are now: what their rounding changed is multiplied
    # by what differs from the mean, as in the model for normalized pixels.
    zero_point, scale = (np.reshape(v, (-1, 1, 1, 1)) for v in (ruler.zero_point, ruler.scale))
    real = (q - zero_point.astype(np.float64)) * scale
    bias -= np.einsum("mchw,c->m", real, offset / factor)
    made = from_integers(q, bias, ruler, EXACT)
    return replace(made, bias=bias.astype(np.float32))


def feed_pixels(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose input is `pixels`, uint8 (N, H, W, C), instead of pixels as floats.

    Where the input's ruler is EXACT, its QuantizeLinear is left out, and convolutions of patches
    read by columns; elsewhere a Cast makes the floats that are read.
    """
    model = deepcopy(model)
    graph = model.graph
    (old,) = graph.input
    batch, *sides = old.type.tensor_type.shape.dim
    channels, height, width = (side.dim_value for side in sides)
    shape = [batch.dim_param or batch.dim_value, height, width, channels]
    graph.input.remove(old)
    graph.input.append(helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, shape))
    readers = [node for node in graph.node if old.name in node.input]
    if [node.op_type for node in readers] == ["QuantizeLinear"] and _is_exact(graph, readers[0]):
        (planar,) = readers[0].output
        graph.node.remove(readers[0])
        columns = read_by_columns(model, planar, width)
        entry = _joined(graph, columns, (height, width, channels))
    else:
        planar, entry = f"{PIXELS}_planar", []
        cast = helper.make_node("Cast", [planar], [old.name], old.name, to=TensorProto.FLOAT)
        graph.node.insert(0, cast)
    rows = entry[-1].output[0] if entry else PIXELS
    entry.append(helper.make_node("Transpose", [rows], [planar], planar, perm=(0, 3, 1, 2)))
    for node in reversed(entry):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model


def _joined(
    graph: onnx.GraphProto, columns: int, sides: tuple[int, int, int]
) -> list[onnx.NodeProto]:
    """A Reshape that makes `columns` neighbours of a row one pixel; nothing for 1."""
    if columns == 1:
        return []
    height, width, channels = sides
    sizes = np.array([0, height, width // columns, channels * columns])
    name = f"{PIXELS}_by_columns"
    graph.initializer.append(numpy_helper.from_array(sizes, f"{name}_sizes"))
    return [helper.make_node("Reshape", [PIXELS, f"{name}_sizes"], [name], name)]


def _is_exact(graph: onnx.GraphProto, quantize: onnx.NodeProto) -> bool:
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    scale, zero_point = (stored[name] for name in quantize.input[1:])
    return bool(scale == EXACT.scale and zero_point == 0 and zero_point.dtype == np.uint8)
