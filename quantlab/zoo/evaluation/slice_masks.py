"""Which scenes of a split lie in which slice."""

from collections.abc import Sequence

import numpy as np

from quantlab.scenes import SLICES, Scene, Split


def slice_masks(split: Split | Sequence[Scene]) -> dict[str, np.ndarray]:
    """Slice -> bool array (scenes,), for the slices that hold a scene.

    A scene may be in several: the condition, "small" or "crowded", and "rare class". The last is
    read off the finished picture, so that every scene is drawn, or read from the split's cache.

    Examples
    --------
    >>> from quantlab.scenes import Validation
    >>> {name: mask.tolist() for name, mask in slice_masks(Validation(2, only=("glare",))).items()}
    {'glare': [True, True], 'small': [False, True]}
    """
    slices = [scene.slices for scene in split]
    masks = {name: np.array([name in each for each in slices]) for name in SLICES}
    return {name: mask for name, mask in masks.items() if mask.any()}
