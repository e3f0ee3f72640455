"""What every paired statistic demands of its records, said once."""

from typing import Any

import numpy as np


def per_image_scores(scores: Any, name: str) -> np.ndarray:
    """`scores` as a 1-D float64 array of finite numbers, one an image, or a sentence why not."""
    array = np.asarray(scores)
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise ValueError(
            f"{name} has dtype {array.dtype} and shape {array.shape}, but one number (or True and "
            "False) an image is needed: pass a 1-D array, or a statistic that reads your records."
        )
    missing = ~np.isfinite(array)
    if missing.any():
        raise ValueError(
            f"{name} holds {array[missing][0]} at image {int(np.argmax(missing))} "
            f"({int(missing.sum())} such of {array.size}), but every image needs a finite score: "
            "leave these images out of both models."
        )
    return array.astype(np.float64)


def same_images(before: Any, after: Any) -> int:
    """How many images both hold; refuses records that cannot be paired."""
    if len(before) != len(after):
        raise ValueError(
            f"before has {len(before)} images and after {len(after)}, but pairs need the same "
            "images in the same order: evaluate both models on one list."
        )
    if len(before) == 0:
        raise ValueError(
            "before and after are empty, but a comparison needs images: check the data loader."
        )
    return len(before)
