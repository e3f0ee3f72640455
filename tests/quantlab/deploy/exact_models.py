"""Networks whose arithmetic is exact in float32, so that two programs agree to the last bit.

In float32 a sum depends on its order, unless nothing is ever rounded. Small whole numbers, and
scales that are powers of two, keep every product and sum below 2^24 units: exact in any order.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from quantlab.methods.graph.operators import parameters_of
from quantlab.methods.ptq.weights import quantize_weight_with
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe
from quantlab.numerics import QParams


def with_whole_numbers(net: nn.Module, seed: int = 0) -> nn.Module:
    """Each filter reads one value, plus or minus; BatchNorm divides by 1. In eval mode."""
    rng = np.random.default_rng(seed)

    def whole(low: int, high: int, count: int) -> torch.Tensor:
        return torch.from_numpy(rng.integers(low, high, count).astype(np.float32))

    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            filters, reach = len(module.weight), module.weight[0].numel()
            weight = np.zeros((filters, reach), np.float32)
            sign = rng.choice([-1, 1], filters)
            weight[np.arange(filters), rng.integers(0, reach, filters)] = sign
            module.weight.data = torch.from_numpy(weight.reshape(module.weight.shape))
            if module.bias is not None:
                module.bias.data = whole(-3, 4, filters)
        elif isinstance(module, nn.BatchNorm2d):
            channels, module.eps = module.num_features, 0.0
            module.running_var.fill_(1)
            module.running_mean.data = whole(-3, 4, channels)
            module.bias.data = whole(-2, 5, channels)
            module.weight.data = whole(1, 3, channels) * (1 - 2 * whole(0, 2, channels))
    return net.eval()


def whole_images(count: int, size: int, seed: int = 1) -> np.ndarray:
    """float32 (count, 3, size, size) of whole numbers from -9 to 9."""
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 10, (count, 3, size, size)).astype(np.float32)


def with_powers_of_two(
    net: nn.Module, images: np.ndarray, recipe: Recipe | None = None
) -> QuantizedModel:
    """A quantized `net` whose scales are all powers of two: dequantized values are exact, too."""
    model = quantize_model(net, [images], recipe or Recipe())
    rulers = {name: power_of_two(ruler) for name, ruler in model.activations.items()}
    nodes = {node.name: node for node in model.graph.graph.nodes}
    weights = {}
    for name, weight in model.weights.items():
        values, bias = parameters_of(model.graph, nodes[name])
        x = rulers[nodes[name].all_input_nodes[0].name]
        weights[name] = quantize_weight_with(values, bias, power_of_two(weight.qparams), x)
    return replace(model, activations=rulers, weights=weights)


def with_even_zero_points(model: QuantizedModel) -> QuantizedModel:
    """The same with even zero_points.

    ONNX Runtime's sums round a tie with the zero_point added already, others before: to the even
    one of two neighbours. Where the zero_point is even, that is the same one.
    """
    rulers = {
        name: QParams(ruler.scale, ruler.zero_point // 2 * 2, ruler.dtype)
        for name, ruler in model.activations.items()
    }
    return replace(model, activations=rulers)


def power_of_two(ruler: QParams) -> QParams:
    """The same ruler with the next power of two as its scale."""
    scale = 2.0 ** np.ceil(np.log2(np.asarray(ruler.scale, dtype=np.float64)))
    return QParams(scale, ruler.zero_point, ruler.dtype, ruler.axis, ruler.narrow)
