"""The integer types a tensor can be quantized to.

2, 3, 4, 6, 8 and 16 bits, signed and unsigned. Everything is computed on all of them; which ones a
runtime and its files can hold is the runtime's affair.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class IntegerType:
    """An integer type: how many bits it has and which integers it can hold.

    numpy has no integers of less than 8 bits. Such a value is held one to an int8 or uint8 and kept
    inside its own, narrower limits; `pack_int4` puts two of 4 bits into a byte.
    """

    name: str
    bits: int
    signed: bool

    @property
    def qmin(self) -> int:
        """Smallest integer of the type."""
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def qmax(self) -> int:
        """Largest integer of the type."""
        return 2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1

    @property
    def storage(self) -> np.dtype:
        """The numpy dtype an array of these integers has."""
        return np.dtype(f"{'int' if self.signed else 'uint'}{max(self.bits, 8)}")

    def limits(self, narrow: bool = False) -> tuple[int, int]:
        """(qmin, qmax); `narrow` drops the lowest integer, so that the rest is symmetric.

        int8 becomes [-127, 127] around 0, uint8 becomes [1, 255] around 128.
        """
        return (self.qmin + 1 if narrow else self.qmin), self.qmax

    def __str__(self) -> str:
        return self.name


WIDTHS = (2, 3, 4, 6, 8, 16)
DTYPES: dict[str, IntegerType] = {
    name: IntegerType(name, bits, signed)
    for bits in WIDTHS
    for name, signed in ((f"int{bits}", True), (f"uint{bits}", False))
}


def integer_type(dtype: "str | IntegerType") -> IntegerType:
    """Look a type up by its name.

    Raises
    ------
    ValueError
        `dtype` is none of them.
    """
    if isinstance(dtype, IntegerType):
        return dtype
    found = DTYPES.get(dtype) if isinstance(dtype, str) else None
    if found is None:
        raise ValueError(
            f"dtype is {dtype!r}, but quantized integers are one of {', '.join(DTYPES)}: "
            f"name one of these, for example 'uint8'."
        )
    return found
