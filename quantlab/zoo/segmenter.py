"""`segmenter`: a small U-Net of depthwise separable convolutions."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.zoo.blocks import conv_bn, separable

#: Channels at full size, 1/2, 1/4, 1/8 and 1/16.
WIDTHS = (16, 32, 64, 128, 256)


class Segmenter(nn.Module):
    """Four halvings by strided blocks, four doublings by nearest neighbour, skips by concatenation.

    Input float32 (N, 3, H, W), normalised, H and W multiples of 16. Output: logits (N, classes, H,
    W). 0.3 million parameters. Source: Ronneberger et al., "U-Net" (2015), with MobileNet's
    convolutions. A 1×1 convolution narrows each tensor before it is enlarged: the runtime enlarges
    integers slowly, and a convolution at the larger size costs four times as much.

    Not every network is faster in integers: this one has depthwise convolutions and enlargements at
    full size, where integers gain nothing. It shows that smaller is not always faster.
    """

    def __init__(self, classes: int = 9) -> None:
        super().__init__()
        self.enter = conv_bn(3, WIDTHS[0])
        steps = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(
            nn.Sequential(separable(fine, coarse, stride=2), separable(coarse, coarse))
            for fine, coarse in steps
        )
        upwards = steps[::-1]
        self.narrow = nn.ModuleList(conv_bn(coarse, fine, 1) for fine, coarse in upwards)
        self.up = nn.ModuleList(
            nn.Sequential(separable(2 * fine, fine), separable(fine, fine)) for fine, _ in upwards
        )
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.enter(x)
        skips = []
        for step in self.down:
            skips.append(y)
            y = step(y)
        for narrow, step, skip in zip(self.narrow, self.up, reversed(skips), strict=True):
            larger = F.interpolate(narrow(y), scale_factor=2.0, mode="nearest")
            y = step(torch.cat([larger, skip], 1))
        return self.head(y)
