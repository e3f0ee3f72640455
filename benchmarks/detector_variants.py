"""The shipped detector with parts of its architecture exchanged, one at a time."""

from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from quantlab.zoo import Detector
from quantlab.zoo.anchors import ANCHORS_PER_CELL
from quantlab.zoo.blocks import FusedResidual, InvertedResidual, conv_bn
from quantlab.zoo.detector import LEVELS, STEM

PLAIN_STEM = 32
SHIPPED = "patches, towers, fused (shipped)"


@dataclass(frozen=True)
class Shape:
    """What a detector is built of.

    Attributes
    ----------
    name : str
        What the table calls it.
    patches : bool
        A 4×4 stem of stride 4; else MobileNetV2's own, 3×3 of stride 2 with a block at half size.
    towers : bool
        One separable convolution a level before two 1×1 predictors; else SSDLite's two predictors,
        each separable.
    fused : bool
        Each block up to stride 4 is a plain 3×3 convolution up and a 1×1 down.
    float_stem : bool
        The first convolution is not quantized.
    """

    name: str
    patches: bool = False
    towers: bool = False
    fused: bool = False
    float_stem: bool = False


SHAPES = (
    Shape("plain MobileNetV2 SSDLite"),
    Shape("plain, stem in float", float_stem=True),
    Shape("plain, fused blocks", fused=True),
    Shape("shared towers", towers=True),
    Shape("patch stem", patches=True),
    Shape("patch stem, shared towers", patches=True, towers=True),
    Shape(SHIPPED, patches=True, towers=True, fused=True),
    Shape("shipped, stem in float", patches=True, towers=True, fused=True, float_stem=True),
)


def build(shape: Shape, classes: int = 10) -> Detector:
    """The detector of a shape with torch's random weights, in eval mode."""
    net = Detector(classes)
    if not shape.patches:
        net.stem = conv_bn(3, PLAIN_STEM, stride=2)
    net.stage_4 = _stage_4(shape)
    if not shape.towers:
        net.towers = nn.ModuleList(nn.Identity() for _ in LEVELS)
        net.classes = nn.ModuleList(_separable_predictor(c, classes + 1) for c in LEVELS)
        net.boxes = nn.ModuleList(_separable_predictor(c, 4) for c in LEVELS)
    return net.eval()


def _stage_4(shape: Shape) -> nn.Sequential:
    """What leads from the stem to 24 channels at a quarter of the size."""
    channels = STEM if shape.patches else PLAIN_STEM
    first = (24,) if shape.patches else (16, 24)
    if shape.fused:
        # Without expansion the 3×3 convolution alone is the block.
        blocks: list[nn.Module] = [conv_bn(channels, first[0])]
        blocks += [FusedResidual(a, b, 2, 4) for a, b in pairwise(first)]
        return nn.Sequential(*blocks, FusedResidual(24, 24, 1, 4))
    blocks = [
        conv_bn(channels, channels, groups=channels),
        conv_bn(channels, first[0], kernel=1, activation=None),
    ]
    blocks += [InvertedResidual(a, b, 2, 6) for a, b in pairwise(first)]
    return nn.Sequential(*blocks, InvertedResidual(24, 24, 1, 6))


def _separable_predictor(channels: int, numbers: int) -> nn.Sequential:
    return nn.Sequential(
        conv_bn(channels, channels, groups=channels),
        nn.Conv2d(channels, ANCHORS_PER_CELL * numbers, kernel_size=1),
    )
