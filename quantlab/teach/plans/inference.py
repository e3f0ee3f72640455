"""How a quantized model is run: what it is fed with, which integers, how many threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from quantlab.base.plain_data import known_keys, one_of, whole


@dataclass(frozen=True)
class Inference:
    """Settings that change the speed and hardly the numbers.

    Parameters
    ----------
    pixels : bool
        Feed the file with the picture itself: its first convolution normalizes.
    signed : bool, optional
        Whether activations are INT8, or UINT8; left out, what this machine has kernels for.
    threads : int
        Of the runtime, 1 to 8; FP32 gets as many.

    Raises
    ------
    ValueError
        A value of another kind.

    Examples
    --------
    >>> Inference.from_dict(Inference(pixels=True).to_dict())
    Inference(pixels=True, signed=None, threads=1)
    """

    pixels: bool = False
    signed: bool | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        one_of(self.pixels, (True, False), "inference.pixels")
        one_of(self.signed, (True, False, None), "inference.signed")
        whole(self.threads, "inference.threads", at_least=1)
        if self.threads > 8:
            raise ValueError(f"inference.threads is {self.threads}, but 8 are the most: ask for 1.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"pixels": self.pixels, "signed": self.signed, "threads": self.threads}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The inverse of `to_dict`; ValueError for an unknown key or value."""
        return cls(**known_keys(cls, data, "inference"))


#: As `export_onnx` and `open_session` do by themselves.
AS_EXPORTED = Inference()
