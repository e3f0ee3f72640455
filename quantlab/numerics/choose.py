"""From a range of real numbers to a ruler."""

from typing import Any

import numpy as np

from quantlab.numerics.dtypes import IntegerType, integer_type
from quantlab.numerics.qparams import SMALLEST_SCALE, QParams

FLOAT32_MAX = float(np.finfo(np.float32).max)
SCHEMES = ("asymmetric", "symmetric")


def choose_qparams(
    lo: Any,
    hi: Any,
    *,
    dtype: str | IntegerType = "uint8",
    scheme: str = "asymmetric",
    narrow: bool = False,
    axis: int | None = None,
) -> QParams:
    """The scale and zero_point that lay the integers of `dtype` over the range [lo, hi].

    The range is first made to contain 0: lo is moved down or hi up. So 0.0 always falls on a tick
    and zero_point never needs clamping.

    asymmetric
        `scale = (hi - lo) / (qmax - qmin)`, `zero_point = rint(qmin - lo / scale)`.
        The same numbers as `compute_scale_zp` of ONNX Runtime's quantization tool.
    symmetric
        `scale = max(-lo, hi) / min(qmax - zero_point, zero_point - qmin)` with zero_point 0
        for signed types and the middle (8, 128, 32768 for 4, 8, 16 bits) for unsigned ones. Both
        ends of the range are ticks, so neither saturates. For signed types ONNX Runtime's tool
        agrees: it narrows int8 to [-127, 127] first and divides by the same 127. For the others it
        divides 2 * max(-lo, hi) by qmax - qmin (255 for uint8): its step is a little smaller and
        the upper end falls half a step off the ruler.

    The arithmetic is float64; scale is rounded once to float32 at the end, and zero_point comes
    from the scale before that rounding, half to even. A range without width, or one so small that
    scale would fall below float32's smallest normal number 1.2e-38, gets scale 1 and the zero_point
    of 0.0, so that zeros stay zeros. (Symmetric unsigned keeps its middle there: all channels of a
    tensor then share one zero_point. ONNX Runtime's tool says 0.)

    Parameters
    ----------
    lo, hi : float, or 1-D arrays with one entry a channel when `axis` is given
        Ends of the range, lo <= hi, finite.
    dtype : str
        One of `DTYPES`: int2, uint2 and so on, of 2, 3, 4, 6, 8 or 16 bits.
    scheme : str
        "asymmetric" or "symmetric".
    narrow : bool
        Leave out the lowest integer: int8 becomes [-127, 127], uint8 [1, 255].
    axis : int, optional
        Channel axis of the tensor the ruler is for; None is per-tensor.

    Raises
    ------
    ValueError
        NaN, infinite or empty range, lo > hi, shapes that do not fit `axis`, unknown dtype or
        scheme, or a range so wide that its end would be no float32 number.

    Examples
    --------
    >>> choose_qparams(-0.9, 5.0)
    QParams(scale=0.02313725, zero_point=39, dtype='uint8')
    """
    kind = integer_type(dtype)
    if scheme not in SCHEMES:
        raise ValueError(
            f"scheme is {scheme!r}, but a ruler is asymmetric or symmetric: "
            f"pass one of {', '.join(SCHEMES)}."
        )
    lo64, hi64 = _range_with_zero(lo, hi, axis)
    qmin, qmax = kind.limits(narrow)
    if scheme == "symmetric":
        # The middle of the full type also for narrow integers, which are the ones around it.
        middle = 0 if kind.signed else 2 ** (kind.bits - 1)
        scale = np.maximum(-lo64, hi64) / min(qmax - middle, middle - qmin)
        zero_point = np.full(scale.shape, middle, dtype=np.int32)
    else:
        # Halved before subtracting and doubled after, hi - lo cannot overflow float64.
        scale = (hi64 / 2 - lo64 / 2) / (qmax - qmin) * 2
        zero_point = _asymmetric_zero_point(lo64, scale, qmin)
    _check_width(lo64, hi64, scale * ((qmax - qmin) / 2), kind.name)
    flat = scale < SMALLEST_SCALE
    if scheme == "asymmetric":
        zero_point = np.where(flat, max(qmin, 0), zero_point).astype(np.int32)
    return QParams(np.where(flat, 1.0, scale), zero_point, kind.name, axis=axis, narrow=narrow)


def _check_width(lo: np.ndarray, hi: np.ndarray, half: np.ndarray, dtype: str) -> None:
    """Refuse a range over which no float32 ruler fits, in the caller's words.

    0 is on the ruler, so one whose half width is beyond float32's largest number leaves float32
    at one end. Within that, QParams checks the exact ends, which rounding may have moved.
    """
    too_wide = np.atleast_1d((half > FLOAT32_MAX) | (np.maximum(-lo, hi) > FLOAT32_MAX))
    if too_wide.any():
        first = int(np.argmax(too_wide))
        raise ValueError(
            f"the range [{np.atleast_1d(lo)[first]:g}, {np.atleast_1d(hi)[first]:g}] is too wide: "
            f"{dtype} ticks over it would be beyond float32's largest number 3.4e38; clip the data."
        )


def _asymmetric_zero_point(lo: np.ndarray, scale: np.ndarray, qmin: int) -> np.ndarray:
    steps_below_zero = np.divide(-lo, scale, out=np.zeros_like(scale), where=scale > 0)
    return np.rint(qmin + steps_below_zero)


def _range_with_zero(lo: Any, hi: Any, axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Both ends as float64 arrays of one shape, moved so that 0 lies between them."""
    ends = []
    for name, end in (("lo", lo), ("hi", hi)):
        array = np.asarray(end)
        if array.dtype.kind not in "fiu":
            raise ValueError(
                f"{name} has dtype {array.dtype}, but an end of a range is a number: pass a float."
            )
        if array.ndim != (0 if axis is None else 1):
            raise ValueError(
                f"{name} has shape {array.shape}, but axis={axis} needs "
                + ("a single number" if axis is None else "a 1-D array, one entry a channel")
                + (": name the channel axis." if axis is None else ": use axis=None for a scalar.")
            )
        if array.size == 0:
            raise ValueError(
                f"{name} is empty, but every channel needs a range: pass at least one."
            )
        if not np.isfinite(array).all():
            seen = array[~np.isfinite(array)].ravel()[0]
            raise ValueError(
                f"{name} is {seen}, but the ends of a range are finite: "
                f"look for NaN or infinity in the data the range came from."
            )
        ends.append(array.astype(np.float64))
    lo64, hi64 = ends
    if lo64.shape != hi64.shape:
        raise ValueError(
            f"lo has shape {lo64.shape} and hi {hi64.shape}, but they are the two ends of the same "
            f"ranges: pass arrays of one length."
        )
    if (lo64 > hi64).any():
        first = np.argwhere(np.atleast_1d(lo64 > hi64))[0, 0]
        seen_lo, seen_hi = np.atleast_1d(lo64)[first], np.atleast_1d(hi64)[first]
        raise ValueError(
            f"lo is {seen_lo:g} and hi is {seen_hi:g}, but a range runs upwards: swap them."
        )
    return np.minimum(lo64, 0.0), np.maximum(hi64, 0.0)
