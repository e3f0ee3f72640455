"""A small picture, a layer's kernels, and what the layer makes of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Its kernels reach nearly as far below 0 as above, as a trained layer's often do.
SEED = 36


@dataclass(frozen=True)
class FirstLayer:
    """The layer's tensors, float32.

    Attributes
    ----------
    kernels : array of shape (8, 3, 3)
        Eight filters over one input channel.
    sums : array of shape (8, 64, 64)
        The convolution, stride 1 and padding 1, before an activation function.
    """

    kernels: np.ndarray
    sums: np.ndarray

    @property
    def leaky(self) -> np.ndarray:
        """The sums after a leaky ReLU, which keeps a tenth of what is below 0."""
        return np.where(self.sums > 0, self.sums, np.float32(0.1) * self.sums)

    @property
    def relu(self) -> np.ndarray:
        """The sums after a plain ReLU: 0 and above."""
        return np.maximum(self.sums, np.float32(0))


def first_layer() -> FirstLayer:
    """The layer over a made-up picture of 64 x 64: waves, noise and a bright sign; always the same.

    Picture and kernels are drawn; the arithmetic is that of a real layer.
    """
    rng = np.random.default_rng(SEED)
    row, column = np.mgrid[0:64, 0:64] / 63.0
    picture = 0.5 + 0.4 * np.sin(7 * row) * column + rng.normal(0.0, 0.05, (64, 64))
    picture[20:44, 26:38] = 1.6  # the sign
    kernels = rng.normal(0.0, 0.17, (8, 3, 3)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, 1), (3, 3))
    return FirstLayer(kernels, np.einsum("hwij,oij->ohw", windows, kernels).astype(np.float32))
