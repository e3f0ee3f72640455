"""Blocks that several networks are built of. Input and output are float32 (N, C, H, W)."""

from collections.abc import Callable

from torch import Tensor, nn


def conv_bn(
    channels: int,
    out: int,
    kernel: int = 3,
    stride: int = 1,
    *,
    groups: int = 1,
    activation: Callable[[], nn.Module] | None = nn.ReLU6,
) -> nn.Sequential:
    """Convolution without bias, BatchNorm, the activation if any.

    The padding keeps the size; with a stride the size is divided and rounded up.
    """
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), *([activation()] if activation else []))


def separable(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    """3×3 depthwise, then 1×1, each with BatchNorm and ReLU6: MobileNet's convolution.

    Source: Howard et al., "MobileNets" (2017).
    """
    return nn.Sequential(
        conv_bn(channels, channels, stride=stride, groups=channels),
        conv_bn(channels, out, kernel=1),
    )


class InvertedResidual(nn.Module):
    """1×1 up, 3×3 depthwise, 1×1 down without activation; a sum where the shapes allow it.

    Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
    """

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        self.up = conv_bn(channels, hidden, kernel=1)
        self.depthwise = conv_bn(hidden, hidden, stride=stride, groups=hidden)
        self.down = conv_bn(hidden, out, kernel=1, activation=None)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(self.depthwise(self.up(x)))
        return x + y if self.residual else y


class FusedResidual(nn.Module):
    """3×3 up, 1×1 down without activation; a sum where the shapes allow it.

    An inverted residual whose first two convolutions are one. Source: Howard and Gupta,
    "Introducing the Next Generation of On-Device Vision Models: MobileNetV3 and MobileNetEdgeTPU"
    (2019).
    """

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        self.up = conv_bn(channels, hidden, stride=stride)
        self.down = conv_bn(hidden, out, kernel=1, activation=None)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(self.up(x))
        return x + y if self.residual else y
