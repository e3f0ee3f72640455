"""Channels with far larger weights than their neighbours, as long trainings make them."""

import torch
from torch import nn

#: How much larger; the other scales of BatchNorm start at 1.
OUTLIER = 16.0


def with_outliers(network: nn.Module) -> nn.Module:
    """The network, the BatchNorm scale of one channel of each convolution before a ReLU6 raised.

    A MobileNetV2 that learned from photographs for weeks has channels whose weights, BatchNorm
    folded, are orders of magnitude apart, and a ruler for all of them loses most of the network:
    Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019),
    figure 2. An hour with drawn streets makes no such channels by itself, so they are there from
    the start. ReLU6 cuts what they give at 6, so that activations are none the wider.
    """
    for block in network.modules():
        if isinstance(block, nn.Sequential) and _kinds(block) == _CONVOLUTION:
            convolution, norm, _ = block
            # A depthwise channel behind an outlier sees steps from 0 to 6, which BatchNorm makes
            # small again: another channel is taken there.
            with torch.no_grad():
                norm.weight[1 if convolution.groups > 1 else 0] = OUTLIER
    return network


_CONVOLUTION = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU6]


def _kinds(block: nn.Sequential) -> list[type[nn.Module]]:
    return [type(layer) for layer in block]
