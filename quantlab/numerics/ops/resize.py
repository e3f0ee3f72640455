"""An image made larger or smaller by copying the nearest value: ONNX Resize, mode nearest."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import integer_array


def resize(
    x: Any,
    *,
    scales: Sequence[float] | None = None,
    sizes: Sequence[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
) -> np.ndarray:
    """Copy to each place of the output the value of x that lies nearest to it.

    Values are copied, so x's ruler is the output's. The defaults are ONNX's. torch's
    `interpolate(mode="nearest")` is asymmetric and floor; its "nearest-exact" is half_pixel and
    round_prefer_ceil. As in ONNX Runtime, coordinates are float32, one within 1e-6 of the middle
    between two values counts as the middle, and an x that keeps its shape is copied.

    Parameters
    ----------
    x : integer array of any shape
    scales : one number an axis, above 0, optional
        Output size over input size; an axis of n values gets floor(n * scale).
    sizes : one whole number an axis, 1 or more, optional
        Of the output. Give either scales or sizes.
    coordinate_transformation_mode : str
        "asymmetric": i / scale; "half_pixel": (i + 0.5) / scale - 0.5; "align_corners":
        i * (n - 1) / (output - 1).
    nearest_mode : str
        "round_prefer_floor", "round_prefer_ceil", "floor" or "ceil".

    Returns
    -------
    integer array of x's dtype

    Raises
    ------
    ValueError
        x is not of an integer dtype or is empty; scales and sizes both or neither; one of them does
        not fit x; no such mode.

    Examples
    --------
    >>> floor = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    >>> resize(np.array([[1, 2]], np.uint8), scales=(1, 2), **floor)
    array([[1, 1, 2, 2]], dtype=uint8)
    """
    array = integer_array(x, "x")
    for name, mode, known in (
        ("coordinate_transformation_mode", coordinate_transformation_mode, COORDINATES),
        ("nearest_mode", nearest_mode, NEAREST_MODES),
    ):
        if mode not in known:
            raise ValueError(
                f"{name} is {mode!r}, but resize knows {', '.join(known)}: name one of these."
            )
    ratios, output = _ratios(array.shape, scales, sizes)
    if output == array.shape:
        return array.copy()
    for axis, (n, ratio, out) in enumerate(zip(array.shape, ratios, output, strict=True)):
        if ratio != 1:
            at = COORDINATES[coordinate_transformation_mode](
                np.arange(out, dtype=np.float32), ratio, np.float32(n), np.float32(out)
            )
            nearest = NEAREST_MODES[nearest_mode](at.astype(np.float64)).astype(np.int64)
            array = array.take(np.clip(nearest, 0, n - 1), axis=axis)
    return array


# Place of the output, scale, sizes of input and output, all float32, to a coordinate in the input.
COORDINATES: dict[str, Callable[..., np.ndarray]] = {
    "asymmetric": lambda i, ratio, n, out: i / ratio,
    "half_pixel": lambda i, ratio, n, out: (i + np.float32(0.5)) / ratio - np.float32(0.5),
    "align_corners": lambda i, ratio, n, out: i * (n - 1) / max(out - 1, np.float32(1)),
}


def _or_nearest(halfway: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Whole numbers next to x, `halfway` those of the middle. float64 holds every step exactly."""
    middle = np.abs(x - np.floor(x) - 0.5) <= HALFWAY
    return np.where(middle, halfway(x), np.floor(x + 0.5))


HALFWAY = 1e-6
NEAREST_MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": partial(_or_nearest, np.floor),
    "round_prefer_ceil": partial(_or_nearest, np.ceil),
    "floor": np.floor,
    "ceil": np.ceil,
}


def _ratios(
    shape: tuple[int, ...], scales: Sequence[float] | None, sizes: Sequence[int] | None
) -> tuple[np.ndarray, tuple[int, ...]]:
    """float32 output size over input size of every axis, and the output sizes."""
    given = scales if sizes is None else sizes
    if given is None or (scales is not None and sizes is not None):
        raise ValueError(
            f"scales is {scales!r} and sizes {sizes!r}, but each says how large the output is: "
            f"give one of them."
        )
    name = "scales" if sizes is None else "sizes"
    values = np.asarray(given, np.float64)
    if values.shape != (len(shape),) or not (values > 0).all() or not np.isfinite(values).all():
        raise ValueError(
            f"{name} is {given!r}, but x has shape {shape}: give one number above 0 an axis, 1 or "
            f"the axis's own size where it stays."
        )
    inputs = np.asarray(shape, np.float32)
    if sizes is None:
        ratios = values.astype(np.float32)
        output = np.floor(ratios * inputs).astype(int)
    else:
        output = values.astype(int)
        ratios = output.astype(np.float32) / inputs
    if (output < 1).any() or (sizes is not None and (output != values).any()):
        raise ValueError(
            f"{name} is {given!r}, which makes an output of shape {tuple(map(int, output))} from x "
            f"of shape {shape}: every axis keeps a whole number of at least one value."
        )
    return ratios, tuple(int(size) for size in output)
