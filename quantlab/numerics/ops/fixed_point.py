"""Multiplying by a real number with integers alone: a 31-bit multiplier and a shift.

Methods of gemmlowp (fixedpoint.h, quantization_example.cc) and of TensorFlow Lite
(quantization_util.cc, common.cc), written anew in numpy.
"""

from typing import Any

import numpy as np

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def quantize_multiplier(multiplier: Any, single: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Write `multiplier` as `m0 * 2**(shift - 31)` with m0 from 2^30 to 2^31 - 1.

    Parameters
    ----------
    multiplier : float64 scalar or array, finite, 0 or more
    single : bool
        Single rounding cannot shift left by more than 30: larger multipliers become the largest.

    Returns
    -------
    m0, shift : int64 arrays of the multiplier's shape
        A multiplier below 2^-32 is flushed to m0 = 0: it would move every int32 to 0 anyway.

    Raises
    ------
    ValueError
        A multiplier is negative, NaN or infinite.

    Examples
    --------
    >>> m0, shift = quantize_multiplier([0.5, 1 - 2**-33, 3.0])
    >>> m0.tolist(), shift.tolist()
    ([1073741824, 1073741824, 1610612736], [0, 1, 2])
    """
    real = np.asarray(multiplier, dtype=np.float64)
    if not (np.isfinite(real) & (real >= 0)).all():
        raise ValueError(
            f"multiplier is {real[~(np.isfinite(real) & (real >= 0))].ravel()[0]}, but it is a "
            f"quotient of scales: pass finite numbers of 0 or more."
        )
    fraction, exponent = np.frexp(real)
    # 0.5 <= fraction < 1, so this is positive and adding 0.5 rounds half away from zero.
    m0 = np.floor(fraction * 2.0**31 + 0.5).astype(np.int64)
    shift = exponent.astype(np.int64)
    # 1 - 2^-33 rounds up to 2^31, one more than int32 holds: halve it and shift once more.
    carried = m0 == 2**31
    m0, shift = np.where(carried, m0 // 2, m0), shift + carried
    flushed = shift < -31
    m0, shift = np.where(flushed, 0, m0), np.where(flushed, 0, shift)
    if single:
        large = shift > 30
        m0, shift = np.where(large, INT32_MAX, m0), np.where(large, 30, shift)
    return m0, shift


def saturating_rounding_doubling_high_mul(a: Any, b: Any) -> np.ndarray:
    """`a * b / 2^31` of two int32, rounded to nearest; a half goes up for either sign.

    "Doubling high": twice the product, of which the upper 32 bits are kept. The nudge of half a
    unit has the product's sign and the division truncates; the negative nudge is one short of a
    half, so -0.5 becomes 0. The one product that does not fit, INT_MIN * INT_MIN, saturates.

    Parameters
    ----------
    a, b : integer arrays that broadcast together, values of int32

    Returns
    -------
    int64 array, values of int32

    Examples
    --------
    >>> saturating_rounding_doubling_high_mul([3, -3, -(2**31)], [2**30, 2**30, -(2**31)]).tolist()
    [2, -1, 2147483647]
    """
    product = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
    nudged = product + np.where(product >= 0, 2**30, 1 - 2**30)
    # Truncation towards zero, as C divides; numpy's // would go down.
    quotient = np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))
    return np.minimum(quotient, INT32_MAX)


def rounding_divide_by_power_of_two(x: Any, exponent: Any) -> np.ndarray:
    """`x / 2**exponent` rounded to nearest, a half away from zero.

    Parameters
    ----------
    x : integer array, values of int32
    exponent : integer array that broadcasts with x, 0 to 31

    Returns
    -------
    int64 array

    Examples
    --------
    >>> rounding_divide_by_power_of_two([3, -3, 5, -5], 1).tolist()
    [2, -2, 3, -3]
    """
    value, bits = np.asarray(x, dtype=np.int64), np.asarray(exponent, dtype=np.int64)
    mask = (np.int64(1) << bits) - 1
    threshold = (mask >> 1) + (value < 0)
    return (value >> bits) + ((value & mask) > threshold)


def multiply_double_rounding(x: np.ndarray, m0: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`x * m0 * 2**(shift - 31)`, rounded once after the product and once after the shift.

    Raises
    ------
    ValueError
        A multiplier above 1 shifts x left, and x leaves int32 by it.
    """
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    # 2^31 more is out of reach for all but 0 anyway, and keeps the shifted int64 whole.
    shifted = np.asarray(x, dtype=np.int64) * (np.int64(1) << np.minimum(left, 31))
    if shifted.min() < INT32_MIN or shifted.max() > INT32_MAX or (left > 31).any():
        raise ValueError(
            f"an accumulator shifted left by {int(left.max())} bits leaves int32, because the "
            f"multiplier is far above 1: use a larger output scale."
        )
    return rounding_divide_by_power_of_two(
        saturating_rounding_doubling_high_mul(shifted, m0), right
    )


def multiply_single_rounding(x: np.ndarray, m0: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`x * m0 * 2**(shift - 31)`, rounded once, a half upwards; saturated to int32."""
    total = 31 - shift
    product = np.asarray(x, dtype=np.int64) * m0 + (np.int64(1) << (total - 1))
    return np.clip(product >> total, INT32_MIN, INT32_MAX)
