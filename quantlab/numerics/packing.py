"""Two 4-bit integers in one byte."""

from math import prod
from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType, integer_type


def pack_int4(q: Any) -> np.ndarray:
    """Put two 4-bit integers into each byte, the first in the low half, as ONNX does.

    Parameters
    ----------
    q : integer array of any shape
        Values from -8 to 7, or from 0 to 15: what `quantize` returns for int4 or uint4.

    Returns
    -------
    1-D uint8 array of ceil(q.size / 2) bytes; after an odd count the last high half is 0

    Raises
    ------
    ValueError
        q is not of an integer dtype or holds a value that needs more than 4 bits.

    Examples
    --------
    >>> pack_int4(np.array([1, -2, 7], dtype=np.int8))
    array([225,   7], dtype=uint8)
    """
    array = np.asarray(q)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"q has dtype {array.dtype}, but only integers can be packed: quantize first."
        )
    if array.size and (array.min() < -8 or array.max() > (7 if array.min() < 0 else 15)):
        raise ValueError(
            f"q runs from {array.min()} to {array.max()}, but 4 bits hold -8 to 7 or 0 to 15: "
            f'quantize with dtype="int4" or "uint4".'
        )
    nibbles = np.zeros(array.size + array.size % 2, dtype=np.uint8)
    nibbles[: array.size] = array.ravel().astype(np.uint8) & 0xF
    return nibbles[0::2] | nibbles[1::2] << 4


def unpack_int4(
    packed: Any, shape: int | tuple[int, ...], dtype: str | IntegerType = "int4"
) -> np.ndarray:
    """Take the 4-bit integers out of the bytes that `pack_int4` made.

    Parameters
    ----------
    packed : uint8 array
        ceil(n / 2) bytes, where n is the number of integers.
    shape : int or tuple
        Shape of the integers; it says whether the last half byte counts.
    dtype : str
        "int4" or "uint4".

    Returns
    -------
    int8 array (int4) or uint8 array (uint4) of the given shape

    Raises
    ------
    ValueError
        Another dtype, or the number of bytes does not fit the shape.

    Examples
    --------
    >>> unpack_int4(np.array([225, 7], dtype=np.uint8), 3)
    array([ 1, -2,  7], dtype=int8)
    """
    kind = integer_type(dtype)
    if kind.bits != 4:
        raise ValueError(f"dtype is {kind}, but only int4 and uint4 are packed: name one of them.")
    array = np.asarray(packed)
    if array.dtype != np.uint8:
        raise ValueError(
            f"packed has dtype {array.dtype}, but it is a row of bytes: pass a uint8 array."
        )
    count = prod(shape) if isinstance(shape, tuple) else shape
    if array.size != (count + 1) // 2:
        raise ValueError(
            f"packed has {array.size} bytes, but {count} integers of 4 bits fill "
            f"{(count + 1) // 2}: check the shape."
        )
    flat = array.ravel()
    nibbles = np.stack([flat & 0xF, flat >> 4], axis=1).ravel()[:count]
    if kind.signed:
        # Flipping bit 3 and taking 8 away copies the sign bit into the upper half byte.
        return ((nibbles ^ 8).astype(np.int8) - np.int8(8)).reshape(shape)
    return nibbles.reshape(shape)
