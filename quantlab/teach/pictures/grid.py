"""The ruler a picture draws: a scale, a zero_point and the integers it may say.

Unlike QParams it does not insist on a zero_point that fits: the picture of a wrong answer shows
exactly that it does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.numerics.dtypes import integer_type
from quantlab.numerics.qparams import SMALLEST_SCALE, QParams


@dataclass(frozen=True)
class Grid:
    """One ruler: `real = scale * (q - zero_point)` for the integers qmin to qmax.

    `scale` is finite and above 0; `zero_point` is any whole number. `dtype` is only for words.
    """

    scale: float
    zero_point: int
    qmin: int
    qmax: int
    dtype: str = ""

    def __post_init__(self) -> None:
        with np.errstate(over="ignore", under="ignore"):
            scale = float(np.float32(self.scale))
        if not (math.isfinite(scale) and scale >= SMALLEST_SCALE):
            raise ValueError(
                f"scale is {self.scale:g}, but the distance between two ticks is a finite number "
                f"above 0: no ruler can be drawn."
            )
        with np.errstate(over="ignore"):
            told_apart = -math.inf < self.lo < self.hi < math.inf
        if not told_apart:
            raise ValueError(
                f"zero_point is {self.zero_point:g} and scale {self.scale:g}, but then float32 "
                f"cannot tell the ends of the ruler apart: no ruler can be drawn."
            )

    @classmethod
    def of(cls, ruler: Any) -> Grid:
        """From QParams of one whole tensor, a Grid, or (scale, zero_point, dtype).

        Raises
        ------
        ValueError
            A scale that is not above 0, per-channel QParams, an unknown dtype.
        """
        if isinstance(ruler, Grid):
            return ruler
        if isinstance(ruler, QParams):
            if ruler.axis is not None:
                raise ValueError(
                    f"the QParams have {np.size(ruler.scale)} rulers, one a channel, but a picture "
                    f"shows one: build QParams from one channel's scale and zero_point."
                )
            scale, zero_point = float(ruler.scale), int(ruler.zero_point)
            return cls(scale, zero_point, ruler.qmin, ruler.qmax, ruler.dtype)
        scale, zero_point, dtype = ruler
        kind = integer_type(dtype)
        if not math.isfinite(float(zero_point)):
            raise ValueError(
                f"zero_point is {float(zero_point):g}, but it stands for one of the integers: "
                f"no ruler can be drawn."
            )
        return cls(float(scale), round(float(zero_point)), kind.qmin, kind.qmax, kind.name)

    @property
    def lo(self) -> float:
        """Smallest real number on the ruler."""
        return self.real(self.qmin)

    @property
    def hi(self) -> float:
        """Largest real number on the ruler."""
        return self.real(self.qmax)

    @property
    def ticks(self) -> int:
        """How many integers the ruler has."""
        return self.qmax - self.qmin + 1

    @property
    def has_zero(self) -> bool:
        """Whether 0.0 falls on a tick."""
        return self.qmin <= self.zero_point <= self.qmax

    def real(self, q: int) -> float:
        """The real number at tick q, as float32 arithmetic gives it."""
        return float(np.float32(self.scale) * np.float32(q - self.zero_point))

    def tick(self, x: float) -> int:
        """The tick x is rounded to: the ONNX contract, in float32, half to even, saturating."""
        return int(np.clip(self._whole(x), self.qmin, self.qmax))

    def saturates(self, x: float) -> bool:
        """Whether x would round to an integer beyond qmin or qmax."""
        return bool(self.off([x])[0])

    def off(self, values: Any) -> np.ndarray:
        """`saturates` of many values at once: a boolean array."""
        whole = self._whole(values)
        return (whole < self.qmin) | (whole > self.qmax)

    def _whole(self, x: Any) -> np.ndarray:
        with np.errstate(over="ignore"):  # a huge x over a tiny scale is inf, and saturates
            steps = np.rint(np.asarray(x, dtype=np.float32) / np.float32(self.scale))
            return steps.astype(np.float64) + self.zero_point

    def error(self, x: float) -> float:
        """Read-back value minus x; x is rounded to float32 first, as a tensor would hold it."""
        return self.real(self.tick(x)) - float(np.float32(x))


def finite(values: Any) -> list[float]:
    """The numbers among `values` that are finite in float32, flat, as floats."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    with np.errstate(over="ignore"):
        return [float(v) for v in flat[np.isfinite(flat.astype(np.float32))]]
