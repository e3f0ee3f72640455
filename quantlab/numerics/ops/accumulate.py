"""What every integer operator begins with: differences from zero_point, summed exactly in int32."""

from typing import Any

import numpy as np

from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import broadcast_qparams

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
#: Every whole number up to here is a float32, and every one up to there a float64.
FLOAT32_EXACT, FLOAT64_EXACT = 2**24, 2**53


def centered(q: Any, qparams: QParams, name: str) -> np.ndarray:
    """`q - zero_point` as int32: the number of steps from 0.0, which products are made of.

    Parameters
    ----------
    q : integer array of any shape
        Values that `qparams.dtype` holds.
    qparams : QParams
        Per-tensor, or per-channel along `qparams.axis` of q.
    name : str
        What the message calls q.

    Raises
    ------
    ValueError
        q is not of an integer dtype, is empty or leaves the dtype; channels do not fit.
    """
    array = integer_array(q, name)
    # An array of the very type cannot leave it, so whole images need not be searched.
    if array.dtype != qparams.storage or qparams.bits < 8 * array.itemsize:
        _check_limits(array, qparams, name)
    zero_point = broadcast_qparams(qparams, array.shape, name)[1]
    return np.asarray(np.subtract(array, zero_point, dtype=np.int32))


def _check_limits(array: np.ndarray, qparams: QParams, name: str) -> None:
    # narrow limits what quantize writes; a reader accepts every integer of the type.
    bottom, low, high = qparams.qmin - qparams.narrow, array.min(), array.max()
    if low < bottom or high > qparams.qmax:
        raise ValueError(
            f"{name} runs from {low} to {high}, but {qparams.dtype} holds {bottom} to "
            f"{qparams.qmax}: check which qparams belong to this tensor."
        )


def integer_array(q: Any, name: str) -> np.ndarray:
    """`q` as an array, after checking that it holds integers.

    Raises
    ------
    ValueError
        q is not of an integer dtype or is empty.
    """
    array = np.asarray(q)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has dtype {array.dtype}, but an integer operator computes with integers: "
            f"quantize it first."
        )
    if array.size == 0:
        raise ValueError(
            f"{name} is empty (shape {array.shape}), but at least one value is needed: "
            f"check the slice that made it."
        )
    return array


def per_tensor(qparams: QParams, name: str) -> None:
    """Refuse qparams with one scale a channel where an operator can only read one a tensor.

    Raises
    ------
    ValueError
        `qparams.axis` is not None.
    """
    if qparams.axis is not None:
        raise ValueError(
            f"{name} is per-channel along axis {qparams.axis}, but this tensor is read with one "
            f"scale: choose per-tensor qparams (axis=None)."
        )


def exact_float(a: np.ndarray, b: np.ndarray, axis: int | tuple[int, ...]) -> np.dtype:
    """The narrower of float32 and float64 in which sums of products `a * b` are exact.

    BLAS has float kernels only, and they are many times quicker than numpy's integer loops. Each
    product and each partial sum, in whatever order BLAS adds and with or without fused
    multiply-add, is a whole number of at most `max|a| * sum|b|`. Below 2^24 float32 holds all of
    them, below 2^53 float64 does: no sum is ever rounded. 2^52 is the limit here, so that an int32
    bias may be added too.

    Parameters
    ----------
    a : int32 array
    b : int32 array
        The smaller one, the weights.
    axis : int or tuple of int
        The axes of b along which products are added up.

    Raises
    ------
    ValueError
        Not even float64 is sure to be exact.
    """
    largest = max(-int(a.min()), int(a.max())) * int(np.abs(b).sum(axis, dtype=np.int64).max())
    if largest >= FLOAT64_EXACT // 2:
        raise ValueError(
            f"sums of these products may reach {largest}, but only sums below 2^52 are computed "
            f"exactly: use fewer channels or narrower integers."
        )
    return np.dtype(np.float32 if largest < FLOAT32_EXACT else np.float64)


def as_accumulator(sums: np.ndarray, bias: Any = None) -> np.ndarray:
    """Exact sums, plus a bias that broadcasts to them, as the int32 a runtime holds.

    Only the final sum matters: two's complement addition comes back from an overflow on the way.

    Parameters
    ----------
    sums : integers or floats of any shape
        Whole numbers. float32 means that they are below 2^24, see `exact_float`.
    bias : int32 array that broadcasts to them, optional

    Raises
    ------
    ValueError
        The bias is not integers of int32, does not broadcast to the sums, or a sum leaves int32.
    """
    if bias is not None:
        addend = _as_bias(bias, sums.shape)
        if sums.dtype == np.float32 and np.abs(addend).max() < FLOAT32_EXACT:
            # Both are below 2^24, so their sum is below 2^25: int32 holds it for certain.
            return np.asarray(np.add(sums.astype(np.int32), addend, dtype=np.int32))
        sums = sums.astype(np.float64) + addend
    elif sums.dtype == np.float32:
        return sums.astype(np.int32)
    low, high = sums.min(), sums.max()
    if low < INT32_MIN or high > INT32_MAX:
        raise ValueError(
            f"the accumulator runs from {low:.0f} to {high:.0f}, but int32 holds {INT32_MIN} to "
            f"{INT32_MAX} and a runtime would wrap around: use fewer channels, narrower integers "
            f"or a smaller bias."
        )
    return sums.astype(np.int32)


def _as_bias(bias: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(bias)
    if array.dtype.kind not in "iu" or array.size == 0:
        raise ValueError(
            f"bias has dtype {array.dtype} and shape {array.shape}, but it is added to integer "
            f"sums: pass int32, rint(bias / (x_scale * w_scale))."
        )
    if array.min() < INT32_MIN or array.max() > INT32_MAX:
        raise ValueError(
            f"bias runs from {array.min()} to {array.max()}, but int32 holds {INT32_MIN} to "
            f"{INT32_MAX}: its scale x_scale * w_scale is too small for it."
        )
    try:
        np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(
            f"bias has shape {array.shape}, but the sums have shape {shape}: "
            f"pass one value an output channel."
        ) from None
    return array.astype(np.int64, copy=False)  # so that the size of -2^31 is a number too
