"""`segmenter`: a small U-Net over inverted residuals, for images of 320×320 pixels."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.zoo.blocks import FusedResidual, InvertedResidual, conv_bn

#: Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
WIDTHS = (24, 40, 64, 96, 128)
#: Residuals behind each halving, and how many times wider they are inside.
RESIDUALS, EXPANSION = (2, 2, 1, 1), 3
#: Halvings that a plain 3×3 convolution makes; the others are depthwise.
FUSED = 2


class Segmenter(nn.Module):
    """Five halvings by MobileNetV2's blocks, four doublings by nearest neighbour with skips.

    Input float32 (N, 3, H, W), normalised, H and W multiples of 32. Output: logits (N, classes, H,
    W), the same for each 2×2 pixels: at full size every operation costs four times as much, and
    the edges that half the size cannot follow are few.

    1.0 million parameters. Sources: Ronneberger et al., "U-Net" (2015); Sandler et al.,
    "MobileNetV2" (2018). The first two halvings are fused, as in the detector, since plain
    convolutions are fast where channels are few. A 1×1 convolution narrows each tensor before it is
    enlarged: the runtime enlarges integers slowly.
    """

    def __init__(self, classes: int = 9) -> None:
        super().__init__()
        self.enter = conv_bn(3, WIDTHS[0], stride=2)
        steps = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(
            _halving(*step, number, fused=level < FUSED)
            for level, (step, number) in enumerate(zip(steps, RESIDUALS, strict=True))
        )
        upwards = steps[::-1]
        self.narrow = nn.ModuleList(conv_bn(coarse, fine, 1) for fine, coarse in upwards)
        self.up = nn.ModuleList(conv_bn(2 * fine, fine) for fine, _ in upwards)
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.enter(x)
        skips = []
        for step in self.down:
            skips.append(y)
            y = step(y)
        for narrow, step, skip in zip(self.narrow, self.up, reversed(skips), strict=True):
            y = step(torch.cat([_doubled(narrow(y)), skip], 1))
        return _doubled(self.head(y))


def _halving(channels: int, out: int, residuals: int, *, fused: bool) -> nn.Sequential:
    block = FusedResidual if fused else InvertedResidual
    behind = (block(out, out, 1, EXPANSION) for _ in range(residuals))
    return nn.Sequential(block(channels, out, 2, EXPANSION), *behind)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
