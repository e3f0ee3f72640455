"""Pictures of a split as batches of a network's input, which say what they may be used for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from quantlab.scenes.preprocessing import Preprocessing


class HasPictures(Protocol):
    """A split, or crops of one."""

    @property
    def role(self) -> str | None: ...
    def __len__(self) -> int: ...
    def pictures(self) -> Iterator[np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class PictureBatches:
    """Batches made anew each time they are gone over, so that only one is in memory.

    What a split's `batches` gives; `quantize_model` takes it as it is, and refuses the batches of a
    split that is not there to calibrate.

    Attributes
    ----------
    source : Split or Crops
    preprocessing : Preprocessing
        What a batch is made with: float32 (N, 3, height, width), or its other layout.
    size : int
        Pictures of a batch, 1 or more; the last batch may be smaller.

    Raises
    ------
    ValueError
        A size under 1.
    """

    source: HasPictures
    preprocessing: Preprocessing
    size: int = 16

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}, but a batch holds at least one picture.")

    @property
    def role(self) -> str | None:
        """What the pictures are for: the role of their split, or None for your own."""
        return self.source.role

    def __len__(self) -> int:
        return -(-len(self.source) // self.size)

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.preprocessing.batches(self.source.pictures(), self.size)
