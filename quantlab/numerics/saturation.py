"""What a CPU without VNNI makes of a layer: which sums of products saturate, and how many.

Such a CPU adds pairs of UINT8 x INT8 products in 16 bits, and a pair beyond stops at the end; see
`quantlab.numerics.ops.int16_pairs`. `saturated_matmul` is that model, `pairs_at_risk` and
`conv_pairs_at_risk` count where it bites. To run a whole layer so, with its scales and zero_points,
give `exact=False` to `conv`, `gemm` or `matmul` of `quantlab.numerics.ops`.

ONNX Runtime on an AVX2 machine equals the model integer by integer, in products of matrices and in
convolutions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.numerics.ops.conv import conv_windows
from quantlab.numerics.ops.conv_products import conv_products
from quantlab.numerics.ops.int16_pairs import INT16, lost_in_int16, pairs_that_may_saturate


@dataclass(frozen=True, repr=False)
class PairsAtRisk(Report):
    """How many of `pairs` neighbouring products leave INT16, and how many `outputs` have one."""

    pairs: int
    saturated: int
    outputs: int
    affected: int

    @property
    def share(self) -> float:
        """Saturated pairs as a share of all pairs, 0 to 1; 0 where there are none."""
        return self.saturated / self.pairs if self.pairs else 0.0

    @property
    def summary(self) -> str:
        return f"{self.saturated:,} of {self.pairs:,} pairs of products leave INT16"

    def tables(self) -> tuple[Table, ...]:
        row = {**vars(self), "share_percent": 100 * self.share}
        columns = (
            Column("pairs", "pairs", ","),
            Column("leave INT16", "saturated", ","),
            Column("share (%)", "share_percent", ".3g"),
            Column("outputs", "outputs", ","),
            Column("affected", "affected", ","),
        )
        return (Table(columns, (row,)),)


def saturated_matmul(x: Any, w: Any) -> np.ndarray:
    """`x @ w` as a CPU without VNNI computes it, neighbouring pairs along K stopped at INT16.

    Parameters
    ----------
    x : uint8 array (M, K)
        Activations as they are stored, zero_point not yet subtracted.
    w : int8 array (K, N)
        Weights with zero_point 0. An odd K is filled up with one zero.

    Returns
    -------
    int32 array (M, N)

    Raises
    ------
    ValueError
        Another dtype or shape, said in one sentence.

    Examples
    --------
    >>> saturated_matmul(np.array([[255, 255]], np.uint8), np.array([[127], [127]], np.int8))
    array([[32767]], dtype=int32)
    """
    left, right = _matrices(x, w)
    exact = left.astype(np.int64) @ right.astype(np.int64)
    return (exact - lost_in_int16(left.T, right.T).T).astype(np.int32)


def pairs_at_risk(x: Any, w: Any) -> PairsAtRisk:
    """Count the neighbouring pairs of products whose sum leaves INT16. Takes what the model takes.

    Examples
    --------
    >>> x = np.full((1, 4), 255, np.uint8)
    >>> risk = pairs_at_risk(x, np.array([[127], [127], [1], [1]], np.int8))
    >>> risk.saturated, risk.pairs
    (1, 2)
    """
    left, right = _matrices(x, w)
    return _count([(left.T, right.T)], outputs=len(left) * right.shape[1])


def conv_pairs_at_risk(
    x: Any,
    x_zero_point: int,
    w: Any,
    *,
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    groups: int = 1,
) -> PairsAtRisk:
    """Count the pairs of a convolution's products whose sum leaves INT16.

    Neighbours are those of ONNX Runtime's kernel; see `quantlab.numerics.ops.conv_products`. A
    depthwise convolution has no pairs: its kernel adds in 32 bits.

    Parameters
    ----------
    x : uint8 array (N, C, *spatial)
        Activations as they are stored.
    x_zero_point : int
        What padding is filled with.
    w : int8 array (M, C / groups, *kernel)
    strides, pads, dilations, groups
        As in `quantlab.numerics.ops.conv`.

    Raises
    ------
    ValueError
        Another dtype, shapes or settings that do not fit.

    Examples
    --------
    >>> x, w = np.full((1, 2, 4, 4), 255, np.uint8), np.full((3, 2, 1, 1), 127, np.int8)
    >>> conv_pairs_at_risk(x, 0, w).affected
    48
    """
    image, kernel = _bytes(x, w)
    seen = conv_windows(image.shape, kernel.shape, strides, pads, dilations, groups)
    products = conv_products(image, x_zero_point, kernel, seen, groups)
    outputs = len(image) * len(kernel) * int(np.prod(seen.output))
    return _count(((columns, rows) for _, _, columns, rows in products), outputs)


def _count(products: Iterable[tuple[np.ndarray, np.ndarray]], outputs: int) -> PairsAtRisk:
    """Over matrix products of columns (K, outputs) and rows (filters, K)."""
    pairs = saturated = affected = 0
    for columns, rows in products:
        pairs += (len(columns) + 1) // 2 * columns.shape[1] * len(rows)
        touched = np.zeros((len(rows), columns.shape[1]), bool)
        for filters, sums in pairs_that_may_saturate(columns, rows):
            out = (sums < INT16.min) | (sums > INT16.max)
            saturated += int(out.sum())
            touched[filters] |= out
        affected += int(touched.sum())
    return PairsAtRisk(pairs, saturated, outputs, affected)


def _bytes(x: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.asarray(x), np.asarray(w)
    if left.dtype != np.uint8 or right.dtype != np.int8:
        raise ValueError(
            f"x has dtype {left.dtype} and w {right.dtype}, but the instruction multiplies uint8 "
            "activations by int8 weights: pass these; for int8 activations add 128 first."
        )
    return left, right


def _matrices(x: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    left, right = _bytes(x, w)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ValueError(
            f"x has shape {left.shape} and w {right.shape}, but (M, K) @ (K, N) share K: "
            "pass two matrices, or use conv_pairs_at_risk for a convolution."
        )
    return left, right
