"""The life of one output of an integer layer: every number between its taps and its tick.

A layer's output is one line of arithmetic, and most bugs sit between two of its numbers: a
forgotten zero-point correction, a bias on the wrong scale, a sum near the end of int32, a clamp
nobody expected. `trace_output` writes the line down for the taps of one output; `trace_conv` and
`trace_gemm` pick them. The contract is `onnxruntime` of `quantlab.numerics.ops.requantize`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.numerics.ops.accumulate import (
    as_accumulator,
    centered,
    integer_array,
    per_tensor,
)
from quantlab.numerics.ops.conv import conv_windows
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.qparams import QParams


@dataclass(frozen=True, repr=False)
class OutputTrace(Report):
    """The numbers of one output, in the order in which they arise.

    x_q, w_q            the stored integers of the taps, 1-D, one entry a product
    products            sum of x_q * w_q, as if both zero_points were 0
    correction          what the zero_points add: sum of (x_q - zx)(w_q - zw), less `products`
    bias_q              the int32 bias, 0 where there is none
    accumulator         products + correction + bias_q
    lowest, highest     the ends of the running sum over the taps, bias added first
    bits                two's complement bits that the running sum needs, of int32's 32
    multiplier          float32 x_scale * w_scale / y_scale
    scaled              float32 accumulator * multiplier: steps of y, before rounding
    rounded             rint(scaled), a half to even
    tick                rounded + y's zero_point, before the clamp
    y_q                 the output
    """

    x_q: np.ndarray
    w_q: np.ndarray
    x_zero_point: int
    w_zero_point: int
    products: int
    correction: int
    bias_q: int
    accumulator: int
    lowest: int
    highest: int
    bits: int
    multiplier: float
    scaled: float
    rounded: float
    tick: float
    y_q: int
    y_qparams: QParams

    @property
    def clamped(self) -> bool:
        """True when the output saturated."""
        return self.tick != self.y_q

    @property
    def summary(self) -> str:
        return f"One output of {self.x_q.size} products: {self.y_q}, {self._end}"

    @property
    def _end(self) -> str:
        return f"clamped to {self.y_q}" if self.clamped else "not clamped"

    def tables(self) -> tuple[Table, ...]:
        steps = (
            ("x_q", _short(self.x_q)),
            ("w_q", _short(self.w_q)),
            ("sum of x_q * w_q", f"{self.products:,}"),
            ("zero-point correction", f"{self.correction:+,}"),
            ("bias_q", f"{self.bias_q:+,}"),
            ("accumulator", f"{self.accumulator:,}"),
            ("running sum", f"{self.lowest:,} to {self.highest:,}: {self.bits} of 32 bits"),
            ("multiplier", f"{self.multiplier:.8g}"),
            ("accumulator * multiplier", f"{self.scaled:.6f}"),
            ("rounded", f"{self.rounded:.0f}"),
            ("+ zero_point of y", f"{self.tick:.0f}, {self._end}"),
            ("y_q", f"{self.y_q}"),
        )
        rows = tuple({"step": name, "value": value} for name, value in steps)
        return (Table((Column("step", "step"), Column("value", "value")), rows),)


def trace_output(
    x: Any, x_qparams: QParams, w: Any, w_qparams: QParams, y_qparams: QParams, bias: int = 0
) -> OutputTrace:
    """Follow one output from its taps to its integer.

    Parameters
    ----------
    x, w : integer arrays of one length, 1-D
        The two factors of each product, as they are stored.
    x_qparams, w_qparams, y_qparams : QParams, per-tensor
        For a per-channel w, the scale and zero_point of the output's own channel.
    bias : int
        int32, on the scale x.scale * w.scale.

    Raises
    ------
    ValueError
        Taps that do not pair up, integers their dtype does not hold, per-channel qparams, a sum
        that leaves int32.

    Examples
    --------
    >>> x, w, y = QParams(0.5, 3, "uint8"), QParams(0.25, 0, "int8"), QParams(0.25, 10, "uint8")
    >>> print(trace_output([5, 3, 9], x, [4, -2, 1], w, y, bias=1))
    One output of 3 products: 18, not clamped
    step                      value
    x_q                       [5 3 9]
    w_q                       [ 4 -2  1]
    sum of x_q * w_q          23
    zero-point correction     -9
    bias_q                    +1
    accumulator               15
    running sum               1 to 15: 5 of 32 bits
    multiplier                0.5
    accumulator * multiplier  7.500000
    rounded                   8
    + zero_point of y         18, not clamped
    y_q                       18
    """
    for name, qparams in (
        ("x_qparams", x_qparams),
        ("w_qparams", w_qparams),
        ("y_qparams", y_qparams),
    ):
        per_tensor(qparams, name)
    left, right = centered(x, x_qparams, "x"), centered(w, w_qparams, "w")
    if left.ndim != 1 or left.shape != right.shape:
        raise ValueError(
            f"x has shape {left.shape} and w {right.shape}, but each product has one of both: "
            "pass the taps of one output as two 1-D arrays of the same length."
        )
    steps = left.astype(np.int64) * right
    running = np.concatenate([[bias], bias + np.cumsum(steps)])
    accumulator = int(as_accumulator(steps.sum(keepdims=True).astype(np.float64), bias)[0])
    zero_points = int(x_qparams.zero_point), int(w_qparams.zero_point)
    products = int((left + zero_points[0]).astype(np.int64) @ (right + zero_points[1]))
    multiplier = np.float32(x_qparams.scale * w_qparams.scale) / np.float32(y_qparams.scale)
    scaled = np.float32(accumulator) * multiplier
    y_q = int(requantize([accumulator], x_qparams, w_qparams, y_qparams)[0])
    low, high = int(running.min()), int(running.max())
    return OutputTrace(
        x_q=np.asarray(x),
        w_q=np.asarray(w),
        x_zero_point=zero_points[0],
        w_zero_point=zero_points[1],
        products=products,
        correction=int(steps.sum()) - products,
        bias_q=int(bias),
        accumulator=accumulator,
        lowest=low,
        highest=high,
        bits=1 + max(high.bit_length() if high > 0 else 0, (~low).bit_length() if low < 0 else 0),
        multiplier=float(multiplier),
        scaled=float(scaled),
        rounded=float(np.rint(scaled)),
        tick=float(np.rint(scaled)) + int(y_qparams.zero_point),
        y_q=y_q,
        y_qparams=y_qparams,
    )


def trace_conv(
    x: Any,
    x_qparams: QParams,
    w: Any,
    w_qparams: QParams,
    y_qparams: QParams,
    bias: Any = None,
    *,
    at: Sequence[int],
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
) -> OutputTrace:
    """Follow one output of a convolution; `at` is its place (image, filter, *spatial).

    The other arguments are those of `quantlab.numerics.ops.conv`. A tap in the padding is x's
    zero_point.

    Raises
    ------
    ValueError
        As `trace_output` and `conv`; a place outside the output.
    """
    image, kernel = integer_array(x, "x"), integer_array(w, "w")
    seen = conv_windows(image.shape, kernel.shape, strides, pads, dilations, groups)
    of_image, of_filter, *place = _place(at, (len(image), len(kernel), *seen.output))
    channels = kernel.shape[1]
    first = of_filter // (len(kernel) // groups) * channels
    along = (
        start * s + d * np.arange(k)
        for start, s, d, k in zip(place, seen.strides, seen.dilations, seen.kernel, strict=True)
    )
    padded = seen.padded(image, int(x_qparams.zero_point))
    taps = padded[of_image][np.ix_(np.arange(first, first + channels), *along)]
    addend = 0 if bias is None else int(np.asarray(bias)[of_filter])
    own = _of_channel(w_qparams, of_filter)
    return trace_output(taps.ravel(), x_qparams, kernel[of_filter].ravel(), own, y_qparams, addend)


def trace_gemm(
    a: Any,
    a_qparams: QParams,
    b: Any,
    b_qparams: QParams,
    y_qparams: QParams,
    bias: Any = None,
    *,
    at: Sequence[int],
    trans_a: bool = False,
    trans_b: bool = False,
) -> OutputTrace:
    """Follow one output of a linear layer; `at` is its place (row, column).

    The other arguments are those of `quantlab.numerics.ops.gemm`.

    Raises
    ------
    ValueError
        As `trace_output`; a place outside the output.
    """
    left, right = integer_array(a, "a"), integer_array(b, "b")
    left, right = left.T if trans_a else left, right.T if trans_b else right
    row, column = _place(at, (left.shape[0], right.shape[-1]))
    shape = (left.shape[0], right.shape[-1])
    addend = 0 if bias is None else int(np.broadcast_to(bias, shape)[row, column])
    own = _of_channel(b_qparams, column)
    return trace_output(left[row], a_qparams, right[:, column], own, y_qparams, addend)


def _place(at: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    inside = len(at) == len(shape) and all(0 <= i < n for i, n in zip(at, shape, strict=True))
    if not inside:
        raise ValueError(
            f"at is {tuple(at)}, but the output has shape {shape} and no such place: pass one "
            f"index, from 0, for each of its axes."
        )
    return tuple(int(i) for i in at)


def _of_channel(w: QParams, channel: int) -> QParams:
    """The per-tensor ruler of one output channel."""
    if w.axis is None:
        return w
    return QParams(w.scale[channel], w.zero_point[channel], w.dtype, narrow=w.narrow)


def _short(taps: np.ndarray) -> str:
    """The taps on one line, the middle left out when there are many."""
    return " ".join(np.array2string(taps, threshold=12, edgeitems=4).split("\n"))
