"""A torch module as a function from numpy to numpy, like a session of a runtime."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn


def in_numpy(model: nn.Module) -> Callable[[np.ndarray], Any]:
    """The function that runs `model` on a float32 array and gives its outputs as arrays.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode, on the CPU; its output is a tensor or a tuple of tensors.

    Returns
    -------
    function of a float32 array
        Gives an array where the module gives a tensor, and a tuple of arrays for a tuple.

    Raises
    ------
    ValueError
        The module is in training mode: BatchNorm would use, and change, the batch's statistics.

    Examples
    --------
    >>> in_numpy(nn.ReLU().eval())(np.array([[-1.0, 2.0]], np.float32))
    array([[0., 2.]], dtype=float32)
    """
    if model.training:
        raise ValueError(
            "The model is in training mode, in which BatchNorm normalizes by the batch at hand: "
            "call model.eval() first."
        )

    def predict(x: np.ndarray) -> Any:
        with torch.inference_mode():
            output = model(torch.from_numpy(x))
        return output.numpy() if isinstance(output, torch.Tensor) else tuple(map(_array, output))

    return predict


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.numpy()
