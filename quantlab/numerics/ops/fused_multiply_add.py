"""float32 fused multiply-add: what vector instructions compute, and numpy has no word for."""

from typing import Any

import numpy as np


def fused_multiply_add(a: Any, b: Any, c: Any) -> np.ndarray:
    """`a * b + c` of float32 numbers, rounded to float32 once.

    float64 holds the product of two float32 numbers exactly, but the sum may be rounded there and
    then once more to float32. To make the second rounding right, the first is made "to odd": where
    the sum lost something, its last bit becomes 1. float64 has more than twice float32's bits and
    two, so the float32 next to such a number is the one next to the exact sum (Boldo and
    Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).

    Parameters
    ----------
    a, b, c : float32 arrays that broadcast, finite

    Returns
    -------
    float32 array

    Examples
    --------
    >>> third = np.float32(1 / 3)
    >>> bool(third * np.float32(3) - np.float32(1) == 0)  # rounded twice
    True
    >>> float(fused_multiply_add(third, np.float32(3), np.float32(-1))) * 2**25
    1.0
    """
    product = np.asarray(a, np.float32).astype(np.float64) * np.asarray(b, np.float32)
    addend = np.asarray(c, np.float32).astype(np.float64)
    total = np.asarray(product + addend)
    # Knuth's TwoSum: the part of the exact sum that `total` lost, exactly.
    virtual = total - product
    lost = (product - (total - virtual)) + (addend - virtual)
    even = (total.view(np.int64) & 1) == 0
    towards = np.copysign(np.inf, lost)
    total = np.where((lost != 0) & even, np.nextafter(total, towards), total)
    return np.asarray(total).astype(np.float32)
