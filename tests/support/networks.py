"""Three plain networks without a download: a classifier, a residual net and a U-Net.

They are what the methods are for: convolutions of every kind, BatchNorm, ReLU and ReLU6, residual
sums, concatenation, pooling, nearest upsampling, a linear head. `seeded` gives them random weights
and BatchNorm statistics that belong to those weights, so that activations neither die nor explode.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Expansion, channels, blocks, stride of the first: table 2 of the MobileNetV2 paper (Sandler 2018).
MOBILENET_V2_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(nn.Module):
    """Inverted residuals with ReLU6, global average pooling, dropout, a linear head.

    Input (N, 3, H, W) with H and W of 32 or more; output (N, classes). `stages` are rows of the
    paper's table; fewer rows with smaller strides make the same kind of net for small images.
    """

    def __init__(
        self,
        width: float = 1.0,
        classes: int = 10,
        stages: Sequence[tuple[int, int, int, int]] = MOBILENET_V2_STAGES,
        stem: int = 32,
        last: int = 1280,
    ) -> None:
        super().__init__()
        channels = _multiple_of_8(stem * width)
        layers: list[nn.Module] = [conv_bn(3, channels, stride=2, activation=nn.ReLU6)]
        for expansion, stage_channels, blocks, first_stride in stages:
            for block in range(blocks):
                out, stride = _multiple_of_8(stage_channels * width), first_stride
                layers.append(
                    InvertedResidual(channels, out, stride if not block else 1, expansion)
                )
                channels = out
        last = _multiple_of_8(last * max(1.0, width))
        layers.append(conv_bn(channels, last, kernel=1, activation=nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class InvertedResidual(nn.Module):
    """1×1 up, 3×3 depthwise, 1×1 down without activation; a sum where the shapes allow it."""

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        up = [conv_bn(channels, hidden, kernel=1, activation=nn.ReLU6)] if expansion != 1 else []
        depthwise = conv_bn(hidden, hidden, stride=stride, groups=hidden, activation=nn.ReLU6)
        self.conv = nn.Sequential(*up, depthwise, conv_bn(hidden, out, kernel=1, activation=None))
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class SmallResNet(nn.Module):
    """A stem with max pooling, three stages of two basic blocks, global average pool, linear.

    Input (N, 3, H, W) with H and W of 16 or more; output (N, classes).
    """

    def __init__(self, width: int = 16, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, width), nn.MaxPool2d(3, stride=2, padding=1))
        self.stages = nn.Sequential(
            BasicBlock(width, width, 1),
            BasicBlock(width, width, 1),
            BasicBlock(width, 2 * width, 2),
            BasicBlock(2 * width, 2 * width, 1),
            BasicBlock(2 * width, 4 * width, 2),
            BasicBlock(4 * width, 4 * width, 1),
        )
        self.head = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.stages(self.stem(x)).mean((2, 3)))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, which is a strided 1×1 convolution at the corners."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = conv_bn(channels, out, stride=stride)
        self.second = conv_bn(out, out, activation=None)
        same = stride == 1 and channels == out
        self.shortcut = (
            nn.Identity() if same else conv_bn(channels, out, 1, stride, activation=None)
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        y += self.shortcut(x)
        return self.relu(y)


class SmallUNet(nn.Module):
    """Two steps down by max pooling, two up by nearest interpolation, skips by concatenation.

    Input (N, 3, H, W) with H and W multiples of 4; output (N, classes, H, W).
    """

    def __init__(self, width: int = 16, classes: int = 4) -> None:
        super().__init__()
        self.enter = _two_convs(3, width)
        self.down1 = _two_convs(width, 2 * width)
        self.down2 = _two_convs(2 * width, 4 * width)
        self.up1 = _two_convs(4 * width + 2 * width, 2 * width)
        self.up2 = _two_convs(2 * width + width, width)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        full = self.enter(x)
        half = self.down1(F.max_pool2d(full, 2))
        quarter = self.down2(F.max_pool2d(half, 2))
        y = F.interpolate(quarter, scale_factor=2, mode="nearest")
        y = self.up1(torch.cat([y, half], 1))
        y = F.interpolate(y, scale_factor=2, mode="nearest")
        return self.head(self.up2(torch.cat([y, full], 1)))


def conv_bn(
    channels: int,
    out: int,
    kernel: int = 3,
    stride: int = 1,
    groups: int = 1,
    activation: Callable[[], nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution without bias, padded to keep the size; BatchNorm; the activation, if any."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), *([activation()] if activation else []))


def _two_convs(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(conv_bn(channels, out), conv_bn(out, out))


def _multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, but never more than 10 % below: MobileNetV2's own rule."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mobilenet_v2(width: float = 1.0, classes: int = 10, seed: int = 0) -> nn.Module:
    """A seeded MobileNetV2; 2.2 M parameters at width 1 and 10 classes."""
    return seeded(MobileNetV2(width, classes), seed)


def small_resnet(width: int = 16, classes: int = 10, seed: int = 0) -> nn.Module:
    """A seeded ResNet of 13 convolutions and two in shortcuts; 175 k parameters at width 16."""
    return seeded(SmallResNet(width, classes), seed)


def small_unet(width: int = 16, classes: int = 4, seed: int = 0) -> nn.Module:
    """A seeded U-Net of 11 convolutions; 119 k parameters at width 16."""
    return seeded(SmallUNet(width, classes), seed)


# What tests and benchmarks go through, by name.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mobilenet_v2": mobilenet_v2,
    "small_resnet": small_resnet,
    "small_unet": small_unet,
}


def images(count: int, size: int = 64, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, normalised: float32 (count, 3, size, size), mean 0, deviation 1.

    Coarse noise enlarged and fine noise on top, so that neighbours resemble each other as in
    photographs, and every picture has its own brightness and contrast.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, 3, -(-size // 8), -(-size // 8)))
    smooth = coarse.repeat(8, axis=2).repeat(8, axis=3)[:, :, :size, :size]
    contrast, brightness = (
        rng.uniform(0.5, 1.5, (count, 1, 1, 1)),
        rng.normal(size=(count, 3, 1, 1)),
    )
    pictures = contrast * (smooth + 0.3 * rng.normal(size=smooth.shape)) + 0.5 * brightness
    return ((pictures - pictures.mean()) / pictures.std()).astype(np.float32)


def seeded(net: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and the BatchNorm statistics that belong to them; `net` itself, in eval mode.

    Weights are He-normal; BatchNorm scales spread over a factor of about 4 between channels, as in
    trained networks, which is what makes per-channel rulers worth having. The statistics are those
    of one batch of `images`, taken in train mode.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1, generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.log_normal_(0, 0.35, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
        _take_statistics(net, torch.from_numpy(images(16, 64, seed)))
    return net.eval()


def _take_statistics(net: nn.Module, batch: Tensor) -> None:
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # plain averages: one batch's statistics as they are
    net.eval()  # dropout draws from the global generator; only BatchNorm may train
    for norm in norms:
        norm.train()
    net(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
