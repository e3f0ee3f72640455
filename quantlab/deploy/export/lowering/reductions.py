"""Means and sums over axes, and the normalizations made of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall


def _reduction(onnx_operator: str) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        dim = call.argument(1, "dim")
        kept = int(call.argument(2, "keepdim", False))
        axes = () if dim is None else (call.whole("axes", dim),)
        call.write(onnx_operator, call.x, *axes, keepdims=kept)

    return lowering


def layer_norm(call: LoweringCall) -> None:
    """Over the last axes, as many as the normalized shape has."""
    if call.node.op == "call_module":
        module = call.module
        shape, weight, bias = module.normalized_shape, module.weight, module.bias
        epsilon = module.eps
    else:
        shape, epsilon = call.argument(1, "normalized_shape"), call.argument(4, "eps", 1e-5)
        weight, bias = call.argument(2, "weight"), call.argument(3, "bias")
    scale = call.tensor(np.ones(shape) if weight is None else weight, "weight")
    shift = () if bias is None else (call.tensor(bias, "bias"),)
    call.write("LayerNormalization", call.x, scale, *shift, axis=-len(shape), epsilon=epsilon)


def group_norm(call: LoweringCall) -> None:
    module = call.module
    scale, shift = _affine(call, module.num_channels)
    groups, epsilon = module.num_groups, module.eps
    call.write("GroupNormalization", call.x, scale, shift, num_groups=groups, epsilon=epsilon)


def instance_norm(call: LoweringCall) -> None:
    """Each channel of each image by its own mean and variance."""
    if call.module.track_running_stats:
        raise ValueError(
            f"layer {call.name!r} is an InstanceNorm with running statistics, which ONNX does not "
            f"have: use BatchNorm, or track_running_stats=False."
        )
    scale, shift = _affine(call, call.shape[1])
    call.write("InstanceNormalization", call.x, scale, shift, epsilon=call.module.eps)


def _affine(call: LoweringCall, channels: int) -> tuple[str, str]:
    """weight and bias of a normalization; 1 and 0 where it has none."""
    weight, bias = call.module.weight, call.module.bias
    return (
        call.tensor(np.ones(channels) if weight is None else weight, "weight"),
        call.tensor(np.zeros(channels) if bias is None else bias, "bias"),
    )


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.mean, "mean"), _reduction("ReduceMean")),
    **dict.fromkeys((torch.sum, "sum"), _reduction("ReduceSum")),
    **dict.fromkeys((torch.amax, "amax"), _reduction("ReduceMax")),
    **dict.fromkeys((torch.amin, "amin"), _reduction("ReduceMin")),
    **dict.fromkeys((nn.LayerNorm, F.layer_norm), layer_norm),
    nn.GroupNorm: group_norm,
    **dict.fromkeys((nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), instance_norm),
}
