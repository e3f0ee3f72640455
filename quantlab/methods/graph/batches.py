"""What every function here demands of a batch of images, said once."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import fx

from quantlab.methods.graph.calibration_data import calibration_batches

NO_BATCH = (
    "calibration holds no batch, but ranges come from data: pass a list or loader with at least "
    "one batch; a generator that was read before is empty."
)


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


def checked_batches(batches: Any, graph: fx.GraphModule) -> Iterator[torch.Tensor]:
    """Each calibration batch as a tensor of images as `graph` was traced with.

    Raises
    ------
    TypeError, ValueError
        As `calibration_batches` and `as_batch`; another shape; no batch at all.
    """
    (source,) = (node for node in graph.graph.nodes if node.op == "placeholder")
    traced = tuple(source.meta["shape"])
    index = -1
    for index, batch in enumerate(calibration_batches(batches)):
        x = as_batch(batch, f"calibration batch {index}")
        if tuple(x.shape[1:]) != traced[1:]:
            expected = ", ".join(map(str, ("N", *traced[1:])))
            raise ValueError(
                f"calibration batch {index} has shape {tuple(x.shape)}, but the first one fixed "
                f"({expected}): bring all images to one size."
            )
        yield x
    if index < 0:
        raise ValueError(NO_BATCH)


def first_and_all(calibration: Any, model: Any = None) -> tuple[torch.Tensor, Iterable[Any]]:
    """The first batch, and an iterable of all of them, the first included.

    A generator can be read once, and so can what is returned for it; from a list or a loader all
    batches can be read again and again.

    Raises
    ------
    TypeError
        As `calibration_batches`, or it is no iterable of float32 batches.
    ValueError
        As `calibration_batches`, or it holds no batch.
    """
    batches = calibration_batches(calibration, model)
    iterator = iter(batches)
    for batch in iterator:
        first = as_batch(batch, "calibration batch 0")
        return first, chain([batch], iterator) if iterator is batches else batches
    raise ValueError(NO_BATCH)
