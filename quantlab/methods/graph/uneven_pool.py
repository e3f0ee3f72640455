"""A max pool that pads each side its own way, with what no maximum sees."""

from math import inf

import torch
import torch.nn.functional as F
from torch import nn


class UnevenMaxPool2d(nn.MaxPool2d):
    """A MaxPool2d whose `padding` is (top, left, bottom, right), as ONNX has it."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        top, left, bottom, right = self.padding  # type: ignore[misc]
        padded = F.pad(input, (left, right, top, bottom), value=-inf)
        return F.max_pool2d(padded, self.kernel_size, self.stride, 0, self.dilation, self.ceil_mode)
