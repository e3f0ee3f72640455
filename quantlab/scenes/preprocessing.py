"""From pixels to a network's input: one value, so that calibration and inference cannot differ."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from PIL import Image

LAYOUTS = ("NCHW", "NHWC")
Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """Resize, scale, subtract the mean, divide by the standard deviation, order the axes.

    A value is (pixel * scale - mean) / std in float32. Save it with the model.

    Parameters
    ----------
    height, width : int
        Input of the network in pixels. A picture of another size is resized bilinearly, with
        averaging where it shrinks; its aspect ratio is not kept.
    scale : float
        1 / 255 takes pixels to 0..1.
    mean, std : three floats
        Per channel R, G, B, after scaling; std above 0.
    layout : str
        "NCHW" or "NHWC".

    Raises
    ------
    ValueError
        A size under 1, a scale or std that is not above 0, a mean that is not finite, a layout
        that does not exist.

    Examples
    --------
    >>> half = Preprocessing(2, 2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    >>> x = half.batch([np.full((4, 4, 3), 255, np.uint8)])
    >>> x.shape, float(x.max())
    ((1, 3, 2, 2), 1.0)
    """

    height: int = 320
    width: int = 320
    scale: float = 1 / 255
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)
    layout: str = "NCHW"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _three("mean", self.mean))
        object.__setattr__(self, "std", _three("std", self.std))
        if not all(type(side) is int and side >= 1 for side in (self.height, self.width)):
            raise ValueError(
                f"The input is {self.height!r} x {self.width!r}, but height and width are whole "
                f"numbers of pixels, 1 or more."
            )
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout is {self.layout!r}: choose {' or '.join(LAYOUTS)}.")
        if not isinstance(self.scale, float | int) or not 0 < self.scale < np.inf:
            raise ValueError(f"scale is {self.scale!r}, but it is a finite number above 0.")
        if min(self.std) <= 0:
            raise ValueError(f"std is {self.std}, but each channel's is above 0.")

    def batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Pictures as one input.

        Parameters
        ----------
        images : sequence of uint8 arrays (H, W, 3), RGB
            Sizes may differ.

        Returns
        -------
        float32 array (N, 3, height, width) or (N, height, width, 3)

        Raises
        ------
        ValueError
            No picture, or one of another shape or dtype.
        """
        if not len(images):
            raise ValueError("There is no picture: a batch holds at least one.")
        pixels = np.stack([self._resized(image) for image in images]).astype(np.float32)
        pixels *= np.float32(self.scale)
        pixels -= np.asarray(self.mean, np.float32)
        pixels /= np.asarray(self.std, np.float32)
        return (
            np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)) if self.layout == "NCHW" else pixels
        )

    def batches(self, images: Iterable[np.ndarray], size: int = 16) -> Iterator[np.ndarray]:
        """Pictures in batches of `size`, the last one smaller where they do not divide."""
        if size < 1:
            raise ValueError(f"size is {size}, but a batch holds at least one picture.")
        waiting: list[np.ndarray] = []
        for image in images:
            waiting.append(image)
            if len(waiting) == size:
                yield self.batch(waiting)
                waiting = []
        if waiting:
            yield self.batch(waiting)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`; ValueError for a key that is unknown or missing."""
        names = [f.name for f in fields(cls)]
        if not isinstance(data, dict) or set(data) != set(names):
            seen = sorted(data) if isinstance(data, dict) else type(data).__name__
            raise ValueError(f"A preprocessing has exactly the keys {sorted(names)}, not {seen}.")
        return cls(**data)

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "Preprocessing":
        """The inverse of `to_json`; ValueError for text that is not a preprocessing."""
        try:
            data = json.loads(text)
        except ValueError as problem:
            raise ValueError(
                f"This is no preprocessing, since it is no JSON ({problem})."
            ) from None
        return cls.from_dict(data)

    def _resized(self, image: np.ndarray) -> np.ndarray:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f"A picture has shape {image.shape} and dtype {image.dtype}, but (height, width, "
                f"3) and uint8 are expected."
            )
        if image.shape[:2] == (self.height, self.width):
            return image
        size = (self.width, self.height)
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _three(name: str, values: Any) -> Channels:
    """One finite number for each of R, G, B."""
    try:
        r, g, b = (float(value) for value in values)
    except (TypeError, ValueError):
        r = g = b = np.nan
    if not np.isfinite((r, g, b)).all():
        raise ValueError(f"{name} is {values!r}, but it has a finite number for each of R, G, B.")
    return r, g, b
