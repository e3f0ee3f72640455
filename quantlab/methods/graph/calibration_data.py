"""What calibration may see: batches, one array, or a split that is meant for it.

A split says what it is for in its `role`: "calibration", "train", "validation" or "test". Rulers
laid over the pictures by which a model is judged would fit these better than pictures to come.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

#: Images a batch, where one array of all images is given.
BATCH = 32
JUDGES = ("validation", "test")


def calibration_batches(calibration: Any, model: Any = None) -> Iterable[Any]:
    """The batches of what a caller gives to calibrate with.

    Parameters
    ----------
    calibration : iterable of float32 arrays or tensors (N, C, H, W); one of them; or a split
        One array is cut into batches of 32. A split that still holds pictures is asked for
        `batches(model.preprocessing)`.
    model : optional
        The network. One of the zoo has a `preprocessing`.

    Raises
    ------
    TypeError
        A validation or test split, pictures without a preprocessing, or no iterable.
    ValueError
        One array of three axes.
    """
    role = getattr(calibration, "role", None)
    if role in JUDGES:
        raise TypeError(
            f"calibration is a {role} split, but the pictures a model is judged by must not lay "
            f"its rulers: pass a calibration split, for example quantlab.scenes.Calibration(64)."
        )
    if role is not None and hasattr(calibration, "batches"):
        preprocessing = getattr(model, "preprocessing", None)
        if preprocessing is None:
            raise TypeError(
                f"calibration is a {role} split of pictures, but the network reads prepared "
                f"batches and brings no preprocessing: pass split.batches(preprocessing)."
            )
        calibration = calibration.batches(preprocessing)
    if isinstance(calibration, torch.Tensor | np.ndarray):
        return _cut(calibration)
    if not isinstance(calibration, Iterable) or isinstance(calibration, str | bytes | dict):
        raise TypeError(
            f"calibration is a {type(calibration).__name__}, but it is an iterable of batches: "
            f"pass a list of arrays (N, C, H, W), one such array, or a loader."
        )
    return calibration


def _cut(images: Any) -> list[Any]:
    if images.ndim == 3:
        raise ValueError(
            f"calibration is one array of shape {tuple(images.shape)}, but an array of images is "
            f"(N, C, H, W): add the batch dimension, x[None]."
        )
    # No more than the first slice of an empty array: what is wrong with it is said of a batch.
    return [images[start : start + BATCH] for start in range(0, max(1, len(images)), BATCH)]
