"""A convolution that pads each side of the picture by its own number of zeros, as ONNX's Conv can.

torch.nn.Conv2d pads both sides alike. Where a model pads otherwise before it, such as EfficientNet
with TensorFlow's "same" padding, the two are one layer.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class UnevenConv2d(nn.Conv2d):
    """A Conv2d whose `padding` has four numbers in ONNX's order: top, left, bottom, right."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        top, left, bottom, right = (int(side) for side in self.padding)
        padded = F.pad(input, (left, right, top, bottom))
        return F.conv2d(padded, weight, bias, self.stride, 0, self.dilation, self.groups)
