"""What is demanded of a network's logits before the largest is looked for."""

import numpy as np


def checked_logits(outputs: tuple[np.ndarray, ...], shape: tuple[int, ...]) -> np.ndarray:
    """The one output, of this shape and without NaN, or a sentence why not."""
    if len(outputs) != 1:
        raise ValueError(
            f"The network gave {len(outputs)} outputs, but logits are one array: judge a detector "
            "with evaluate_detector."
        )
    (logits,) = outputs
    if logits.shape != shape:
        raise ValueError(
            f"The network gave an output of shape {logits.shape}, but logits of shape {shape} are "
            "expected: pass a network for these classes."
        )
    if not np.isfinite(logits.sum()):
        raise ValueError(
            "The logits hold NaN or infinity: look at the input's preprocessing and at the weights."
        )
    return logits
