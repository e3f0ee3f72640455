"""Channels with far larger weights than their neighbours, as long trainings make them."""

import torch
from torch import nn

#: Standard deviations above its mean from which such a channel answers. It answers rarely, so that
#: the others learn as if it were not there.
FROM = 2.0


def with_outliers(network: nn.Module, scale: float) -> nn.Module:
    """The network, BatchNorm's scale raised in one channel of each convolution before a ReLU6.

    The other scales start at 1; a scale of 1 changes nothing.

    A MobileNetV2 that learned from photographs for weeks has channels whose weights, BatchNorm
    folded, are orders of magnitude apart, and a ruler for all of them loses most of the network:
    Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019),
    figure 2. An hour with drawn streets makes no such channels by itself, so they are there from
    the start. Like theirs they rarely answer, and ReLU6 cuts what they give at 6: activations are
    none the wider.
    """
    if scale == 1:
        return network
    for block in network.modules():
        match list(block.children()):
            case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm, nn.ReLU6()]:
                # A depthwise channel behind an outlier sees steps from 0 to 6, which BatchNorm
                # makes small again: another channel is taken there.
                channel = 1 if convolution.groups > 1 else 0
                with torch.no_grad():
                    norm.weight[channel], norm.bias[channel] = scale, -FROM * scale
    return network
