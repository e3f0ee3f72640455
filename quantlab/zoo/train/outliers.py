"""Channels with far larger weights than their neighbours, as long trainings make them."""

import torch
from torch import nn

#: Standard deviations above its mean from which such a channel answers. It answers rarely, so that
#: the others learn on as if it were not there.
FROM = 2.0


def add_outliers(network: nn.Module, times: float) -> None:
    """Give each convolution before a ReLU6 a channel with `times` the weights of all others.

    Weights are meant with BatchNorm folded into them; only BatchNorm's scale and bias of the
    channel are changed. It is the channel whose scale is the smallest: what it said is lost. With
    `times` 1 or less nothing is done. The network is changed in place.

    A MobileNetV2 that learned from photographs for weeks has channels whose weights, BatchNorm
    folded, are orders of magnitude apart, and a scale for all of them loses most of the network:
    Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019),
    figure 2. Hours with drawn streets make no such channels by themselves. Like theirs the ones
    made here answer rarely, and ReLU6 cuts what they give at 6: what follows is none the wider.
    """
    if times <= 1:
        return
    last = -1
    for block in network.modules():
        match list(block.children()):
            case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm, nn.ReLU6()]:
                # What an outlier gives, mostly 0 and sometimes 6, is nothing to normalise in the
                # depthwise channel behind it: another one is taken there.
                last = _raise_one(convolution, norm, times, last if convolution.groups > 1 else -1)


@torch.no_grad()
def _raise_one(convolution: nn.Conv2d, norm: nn.BatchNorm2d, times: float, not_this: int) -> int:
    """The channel that was raised."""
    assert norm.running_var is not None  # only with track_running_stats=False
    scale = norm.weight.abs()
    if 0 <= not_this < len(scale):
        scale[not_this] = torch.inf
    channel = int(scale.argmin())
    per_scale = convolution.weight.flatten(1).abs().amax(1) / (norm.running_var + norm.eps).sqrt()
    folded = per_scale * norm.weight.abs()
    folded[channel] = 0
    raised = times * folded.max() / per_scale[channel]
    norm.weight[channel], norm.bias[channel] = raised, -FROM * raised
    return channel
