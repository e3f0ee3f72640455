"""What is demanded of a network's logits before the largest is looked for."""

from typing import Any

import numpy as np


def checked_logits(given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """`given` as an array of this shape without NaN, or a sentence why not."""
    logits = np.asarray(given)
    if logits.shape != shape:
        raise ValueError(
            f"The network gave an output of shape {logits.shape}, but logits of shape {shape} are "
            "expected: pass a function that returns one array, of a network for these classes."
        )
    if not np.isfinite(logits.sum()):
        raise ValueError(
            "The logits hold NaN or infinity: look at the input's preprocessing and at the weights."
        )
    return logits
