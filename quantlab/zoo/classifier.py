"""`classifier`: a small residual network for crops of 32×32 pixels."""

from torch import Tensor, nn

from quantlab.zoo.blocks import conv_bn

WIDTHS = (24, 48, 96)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut: a strided 1×1 convolution where the shape changes.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2015).
    """

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = conv_bn(channels, out, stride=stride, activation=nn.ReLU)
        self.second = conv_bn(out, out, activation=None)
        same = stride == 1 and channels == out
        self.shortcut = (
            nn.Identity() if same else conv_bn(channels, out, 1, stride, activation=None)
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.shortcut(x) + self.second(self.first(x)))


class Classifier(nn.Module):
    """A stem, three stages of two residual blocks, global average pooling, a linear layer.

    Input float32 (N, 3, 32, 32), normalised; any H and W of 4 or more will do. Output: logits
    (N, classes). 0.4 million parameters, 60 million multiply-accumulates an image of 32×32.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        channels = WIDTHS[0]
        self.stem = conv_bn(3, channels, activation=nn.ReLU)
        blocks = []
        for stage, width in enumerate(WIDTHS):
            blocks += [BasicBlock(channels, width, 2 if stage else 1), BasicBlock(width, width, 1)]
            channels = width
        self.stages = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.stages(self.stem(x)).mean((2, 3)))
