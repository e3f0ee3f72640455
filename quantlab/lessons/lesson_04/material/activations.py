"""Tensors of a shipped FP32 model as flat arrays: its input, or what one layer gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np

from quantlab.methods import layer_tensors
from quantlab.scenes import Preprocessing, Split
from quantlab.zoo import load

#: More values than this add nothing to a picture.
MOST = 200_000


def preprocessing_of(name: str) -> Preprocessing:
    """What a shipped model's input is made with."""
    return cast(Preprocessing, load(name).preprocessing)


def inputs_of(name: str, scenes: Split) -> list[np.ndarray]:
    """Each scene as the input of a shipped model: float32 arrays (1, 3, height, width)."""
    return list(scenes.batches(preprocessing_of(name), 1))


def activations_of(name: str, batches: Iterable[np.ndarray], layer: str) -> np.ndarray:
    """What a layer of a shipped model gives for some batches.

    Parameters
    ----------
    name : "classifier", "segmenter" or "detector"
    batches : iterable of float32 arrays (N, 3, height, width)
    layer : str
        Any of its names.

    Returns
    -------
    float32 array of at most 200,000 values, evenly taken; the largest is among them.
    """
    model = load(name)
    values = np.concatenate([layer_tensors(model, x, layer).output.ravel() for x in batches])
    some = values[:: -(-len(values) // (MOST - 1))]
    return np.append(some, values.max()).astype(np.float32)
