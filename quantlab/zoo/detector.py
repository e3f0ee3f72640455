"""`detector`: MobileNetV2 of width 1.0 with SSDLite heads, for images of 320×320 pixels."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from quantlab.zoo.anchors import ANCHORS_PER_CELL
from quantlab.zoo.blocks import FusedResidual, InvertedResidual, conv_bn, separable

#: Channels of the stem: as many as a patch of 4×4 RGB pixels has numbers.
STEM = 48
#: Channels that both predictors of a level read.
TOWER = 192
#: Channels at strides 8, 16 and 32 and of the three maps behind them.
LEVELS = (192, 576, 320, 256, 256, 128)


class Detector(nn.Module):
    """Single-shot detector with six levels, from 40×40 cells down to one.

    Input float32 (N, 3, 320, 320), normalised. Output: twelve tensors. The first six are class
    logits (N, 6 · (classes + 1), h, w), finest level first, class 0 of each anchor the background;
    the last six are box offsets (N, 6 · 4, h, w). Channels run anchor by anchor. Decoding and
    non-maximum suppression stay outside: see `quantlab.zoo.detections`.

    2.6 million parameters, 0.81 billion multiply-accumulates. Sources: Sandler et al.,
    "MobileNetV2" (2018), whose table gives channels, repeats and strides and whose section 6.2
    gives SSDLite; Liu et al., "SSD" (2016).

    Where it departs, and why:

    - The stem reads patches of 4×4 pixels with stride 4, instead of 3×3 and a block at 160×160
      pixels: in integers that stem and block gain nothing over floats.
    - The block at stride 4 is fused, as in the MobileNets for EdgeTPUs: a plain 3×3 convolution up
      and a 1×1 down. It multiplies more than a depthwise one, and integers are at their best there.
    - Both predictors of a level share one depthwise and 1×1 convolution: integers gain nothing in
      a depthwise convolution and most in a 1×1 convolution.
    - The finest level has stride 8: the street has objects of 8 pixels. Like the paper's stride 16
      it reads the wide tensor inside the block that halves the size.
    - The last 1×1 convolution has 320 channels instead of 1280, which are for 1000 classes.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        patches = nn.Conv2d(3, STEM, kernel_size=4, stride=4, bias=False)
        self.stem = nn.Sequential(patches, nn.BatchNorm2d(STEM), nn.ReLU6())
        self.stage_4 = nn.Sequential(conv_bn(STEM, 24), FusedResidual(24, 24, 1, 4))
        self.stage_8 = _stage(24, 32, blocks=3, stride=2)
        self.to_16 = InvertedResidual(32, 64, 2, 6)
        self.stage_16 = nn.Sequential(_stage(64, 64, blocks=3), _stage(64, 96, blocks=3))
        self.to_32 = InvertedResidual(96, 160, 2, 6)
        self.stage_32 = nn.Sequential(
            _stage(160, 160, blocks=2), _stage(160, 320, blocks=1), conv_bn(320, LEVELS[2], 1)
        )
        self.extras = nn.ModuleList(
            nn.Sequential(
                conv_bn(channels, channels // 2, kernel=1),
                separable(channels // 2, out, stride=2),
            )
            for channels, out in pairwise(LEVELS[2:5])
        )
        self.extras.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_bn(*LEVELS[4:], kernel=1)))
        self.towers = nn.ModuleList(separable(channels, TOWER) for channels in LEVELS)
        self.classes = nn.ModuleList(_predictor(classes + 1) for _ in LEVELS)
        self.boxes = nn.ModuleList(_predictor(4) for _ in LEVELS)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.predicted(self.seen(x))

    def seen(self, x: Tensor) -> list[Tensor]:
        """What the predictors of each level read."""
        wide_8 = self.to_16.up(self.stage_8(self.stage_4(self.stem(x))))
        wide_16 = self.to_32.up(self.stage_16(self.to_16.down(self.to_16.depthwise(wide_8))))
        levels = [wide_8, wide_16, self.stage_32(self.to_32.down(self.to_32.depthwise(wide_16)))]
        for extra in self.extras:
            levels.append(extra(levels[-1]))
        return [tower(level) for tower, level in zip(self.towers, levels, strict=True)]

    def predicted(self, seen: list[Tensor]) -> tuple[Tensor, ...]:
        """The twelve outputs."""
        logits = [predict(y) for predict, y in zip(self.classes, seen, strict=True)]
        offsets = [predict(y) for predict, y in zip(self.boxes, seen, strict=True)]
        return (*logits, *offsets)


def _stage(channels: int, out: int, blocks: int, stride: int = 1) -> nn.Sequential:
    """A row of the paper's table, expansion 6: the stride belongs to the first block."""
    first = InvertedResidual(channels, out, stride, 6)
    return nn.Sequential(first, *(InvertedResidual(out, out, 1, 6) for _ in range(blocks - 1)))


def _predictor(numbers: int) -> nn.Conv2d:
    return nn.Conv2d(TOWER, ANCHORS_PER_CELL * numbers, kernel_size=1)


def rows(outputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """One row an anchor, as the loss reads them: logits (N, A, classes + 1), offsets (N, A, 4).

    `outputs` is what `Detector` returns; anchors are in the order of `quantlab.zoo.anchors`.
    """
    half = len(outputs) // 2
    return _joined(outputs[:half]), _joined(outputs[half:])


def _joined(maps: tuple[Tensor, ...]) -> Tensor:
    split = [m.reshape(len(m), ANCHORS_PER_CELL, -1, m.shape[2] * m.shape[3]) for m in maps]
    return torch.cat([m.transpose(2, 3).flatten(1, 2) for m in split], 1)
