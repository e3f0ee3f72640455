"""QParams: the ruler a tensor is read with, as a frozen value."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.numerics.dtypes import integer_type

# Below float32's smallest normal number 1 / scale overflows and x / scale loses bits.
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class QParams:
    """`real = scale * (q - zero_point)`, and which integers q may be.

    Parameters
    ----------
    scale : float32 scalar, or 1-D float32 array with one entry a channel
        Distance between two ticks. Normal, finite, above 0. Arrays become read-only copies.
    zero_point : int32 scalar, or 1-D int32 array like `scale` (one scalar serves all channels)
        The integer that stands for 0.0, from qmin to qmax. Kept as int32, wider than the stored
        integers, so that `q - zero_point` cannot wrap around.
    dtype : str
        One of `DTYPES`: int2, uint2, int3, uint3, int4, uint4, int6, uint6, int8, uint8, int16,
        uint16.
    axis : int, optional
        Which axis of the tensor is the channel axis; None means one ruler for the whole tensor.
    narrow : bool
        Leave out the lowest integer: int8 becomes [-127, 127], uint8 [1, 255].

    Raises
    ------
    ValueError
        A part does not fit the others, or the ends of the range are no float32 numbers.
    """

    scale: Any
    zero_point: Any
    dtype: str
    axis: int | None = None
    narrow: bool = False

    def __post_init__(self) -> None:
        put = object.__setattr__  # the one place where the frozen value is still being made
        put(self, "dtype", integer_type(self.dtype).name)
        put(self, "narrow", bool(self.narrow))
        scale, zero_point = _as_scale(self.scale), _as_zero_point(self.zero_point)
        if self.axis is None:
            if scale.ndim or zero_point.ndim:
                raise ValueError(
                    f"scale has shape {scale.shape} and zero_point {zero_point.shape}, but "
                    f"axis=None means one of each for the whole tensor: pass scalars, or name "
                    f"the channel axis."
                )
            put(self, "scale", scale[()])
            put(self, "zero_point", zero_point[()])
        else:
            put(self, "axis", _as_axis(self.axis))
            if scale.ndim != 1 or zero_point.shape not in ((), scale.shape):
                raise ValueError(
                    f"scale has shape {scale.shape} and zero_point {zero_point.shape}, but "
                    f"axis={self.axis} means one entry a channel: pass 1-D arrays of one length."
                )
            zero_point = np.broadcast_to(zero_point, scale.shape).copy()
            for array in (scale, zero_point):
                array.setflags(write=False)
            put(self, "scale", scale)
            put(self, "zero_point", zero_point)
        self._check_zero_point()
        self._check_ends()

    def _check_zero_point(self) -> None:
        z = np.asarray(self.zero_point)
        outside = (z < self.qmin) | (z > self.qmax)
        if outside.any():
            raise ValueError(
                f"zero_point is {z[outside][0]}, but {self.dtype}{' narrow' * self.narrow} holds "
                f"{self.qmin} to {self.qmax}: let the range contain 0 before you compute it."
            )

    def _check_ends(self) -> None:
        with np.errstate(over="ignore"):
            finite = np.isfinite(self.lo) & np.isfinite(self.hi)
        if not np.all(finite):
            widest = np.max(self.scale)
            raise ValueError(
                f"scale is {widest:.6g}, but then an end of the {self.dtype} range is beyond "
                f"float32's largest number 3.4e38: use a narrower range."
            )

    @property
    def bits(self) -> int:
        """Bits of one stored integer."""
        return integer_type(self.dtype).bits

    @property
    def qmin(self) -> int:
        """Smallest integer in use."""
        return integer_type(self.dtype).limits(self.narrow)[0]

    @property
    def qmax(self) -> int:
        """Largest integer in use."""
        return integer_type(self.dtype).limits(self.narrow)[1]

    @property
    def storage(self) -> np.dtype:
        """numpy dtype of the integers that `quantize` returns."""
        return integer_type(self.dtype).storage

    @property
    def lo(self) -> Any:
        """Smallest real number on the ruler: `dequantize(qmin)`, float32, shaped like scale."""
        return np.float32(self.qmin - self.zero_point) * self.scale

    @property
    def hi(self) -> Any:
        """Largest real number on the ruler: `dequantize(qmax)`, float32, shaped like scale."""
        return np.float32(self.qmax - self.zero_point) * self.scale

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON. float32 survives: Python writes a float so that it reads back."""
        return {
            "scale": np.asarray(self.scale, dtype=np.float64).tolist(),
            "zero_point": np.asarray(self.zero_point).tolist(),
            "dtype": self.dtype,
            "axis": self.axis,
            "narrow": self.narrow,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "QParams":
        """The value that `to_dict` was called on."""
        return cls(**data)

    def _key(self) -> tuple[Any, ...]:
        # Bytes compare arrays and scalars alike: scale is never -0.0 or NaN, so equal is equal.
        return (
            self.dtype,
            self.axis,
            self.narrow,
            np.asarray(self.scale).tobytes(),
            np.asarray(self.zero_point).tobytes(),
        )

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, QParams) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that a copied or unpickled value is read-only too.
        return QParams, (self.scale, self.zero_point, self.dtype, self.axis, self.narrow)

    def __repr__(self) -> str:
        scale, zero_point = np.asarray(self.scale), np.asarray(self.zero_point)
        shown = (
            f"scale={_short(scale)}, zero_point={_short(zero_point)}, dtype={self.dtype!r}"
            + (f", axis={self.axis}" if self.axis is not None else "")
            + (", narrow=True" if self.narrow else "")
        )
        return f"QParams({shown})"


def _short(array: np.ndarray) -> str:
    return np.array2string(array, separator=", ", threshold=8, edgeitems=3)


def _as_axis(axis: Any) -> int:
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise ValueError(
            f"axis is {axis!r}, but a channel axis is a whole number: pass an int or None."
        )
    return int(axis)


def _as_scale(scale: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        array = np.array(scale, dtype=np.float32)
    bad = ~(np.isfinite(array) & (array >= SMALLEST_SCALE))
    if array.size == 0 or bad.any():
        seen = "empty" if array.size == 0 else f"{array[bad].ravel()[0]}"
        raise ValueError(
            f"scale is {seen}, but the distance between two ticks is a finite number of at least "
            f"{SMALLEST_SCALE:.3g}: let choose_qparams compute it from a range."
        )
    return array


def _as_zero_point(zero_point: Any) -> np.ndarray:
    array = np.asarray(zero_point)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"zero_point has dtype {array.dtype}, but it stands for one of the integers: "
            f"round it and convert it to int."
        )
    return array.astype(np.int64).clip(-(2**31), 2**31 - 1).astype(np.int32)
