"""What every function here demands of a float array, said once."""

from typing import Any

import numpy as np


def finite_float32(x: Any, name: str) -> np.ndarray:
    """`x` as a float32 array of the same shape, or a sentence why not.

    float16 fits exactly; float64, which Python floats are, is rounded once to float32, because
    float32 is what a runtime's QuantizeLinear reads.

    Raises
    ------
    ValueError
        `x` is not of a float dtype, is empty, or holds a NaN, an infinity or a value
        beyond float32.
    """
    array = np.asarray(x)
    if array.dtype.kind != "f":
        raise ValueError(
            f"{name} has dtype {array.dtype}, but quantization starts from floats: "
            f"convert with np.asarray({name}, dtype=np.float32)."
        )
    if array.size == 0:
        raise ValueError(
            f"{name} is empty (shape {array.shape}), but at least one value is needed: "
            f"check the slice or the data loader that made it."
        )
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf and is refused below
        narrow = array.astype(np.float32)
    finite = np.isfinite(narrow)
    if not finite.all():
        where = np.argwhere(~finite)[0]
        at = f" at index {tuple(int(i) for i in where)}" if array.ndim else ""
        raise ValueError(
            f"{name} holds {array[tuple(where)]}{at} "
            f"({int((~finite).sum())} such of {array.size} values), but every value must be a "
            f"finite float32: find what produced it before you quantize."
        )
    return narrow


def channel_axis(axis: int, ndim: int, name: str) -> int:
    """`axis` counted from the front, after checking that an array of `ndim` dimensions has it."""
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"axis is {axis}, but {name} has {ndim} dimension{'' if ndim == 1 else 's'}: "
            + (
                f"choose an axis from {-ndim} to {ndim - 1}."
                if ndim
                else "use per-tensor qparams (axis=None) for a single value."
            )
        )
    return axis % ndim
