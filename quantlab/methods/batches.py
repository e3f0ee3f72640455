"""What every function here demands of a batch of images, said once."""

from typing import Any

import numpy as np
import torch


def as_batch(x: Any, name: str) -> torch.Tensor:
    """`x` as a float32 tensor (N, C, H, W), or a sentence why not. Nothing is copied.

    Raises
    ------
    TypeError
        `x` is no array or tensor, or not of dtype float32.
    ValueError
        `x` is empty or has no batch dimension.
    """
    if isinstance(x, list | tuple):
        raise TypeError(
            f"{name} is a {type(x).__name__} of {len(x)}, but a batch is one array of images: "
            f"leave out the labels, or stack single images with np.stack."
        )
    if not isinstance(x, torch.Tensor | np.ndarray):
        raise TypeError(
            f"{name} is a {type(x).__name__}, but a batch is a float32 array or tensor "
            f"(N, C, H, W): convert it."
        )
    if str(x.dtype).removeprefix("torch.") != "float32":
        raise TypeError(
            f"{name} has dtype {str(x.dtype).removeprefix('torch.')}, but the model computes in "
            f"float32: prepare it exactly as for the float model, as float32."
        )
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}, but a batch is (N, C, H, W) with at least one "
            f"image: add the batch dimension, for example x[None]."
        )
    return x.detach().cpu() if isinstance(x, torch.Tensor) else torch.from_numpy(_writable(x))


def _writable(x: np.ndarray) -> np.ndarray:
    # torch has no read-only tensors and warns about an array it could write to by mistake.
    return x if x.flags.writeable else x.copy()
