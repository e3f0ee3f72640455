"""What a CPU without VNNI makes of a sum of products: pairs of them are added in 16 bits.

The x86 instruction `vpmaddubsw` multiplies UINT8 by INT8 and adds each two neighbouring products
into one INT16, which stops at its ends: 255 * 127 * 2 = 64,770 becomes 32,767. The pairs are then
added in 32 bits, where nothing is lost. CPUs with VNNI add four products in 32 bits at once.
`saturated_matmul` is that model, and `pairs_at_risk` counts where it bites.

Source: Intel's description of VPMADDUBSW. ONNX Runtime's UINT8 x INT8 product on an AVX2 machine
equals the model integer by integer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

INT16 = np.iinfo(np.int16)
#: Products held at a time: the pairs of some rows of x with all of w, as int32.
CHUNK = 1 << 22


@dataclass(frozen=True)
class PairsAtRisk:
    """How many of `pairs` neighbouring products leave INT16, and how many `outputs` have one."""

    pairs: int
    saturated: int
    outputs: int
    affected: int

    @property
    def share(self) -> float:
        """Saturated pairs as a share of all pairs, 0 to 1; 0 where there are none."""
        return self.saturated / self.pairs if self.pairs else 0.0


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
    sums = [np.clip(pairs, INT16.min, INT16.max).sum(axis=1) for pairs in _pairs(x, w)]
    return np.concatenate(sums).astype(np.int32)


def pairs_at_risk(x: Any, w: Any) -> PairsAtRisk:
    """Count the neighbouring pairs of products whose sum leaves INT16. Takes what the model takes.

    Examples
    --------
    >>> x = np.full((1, 4), 255, np.uint8)
    >>> risk = pairs_at_risk(x, np.array([[127], [127], [1], [1]], np.int8))
    >>> risk.saturated, risk.pairs
    (1, 2)
    """
    pairs = saturated = outputs = affected = 0
    for sums in _pairs(x, w):
        out = (sums < INT16.min) | (sums > INT16.max)
        pairs += out.size
        saturated += int(out.sum())
        outputs += out.shape[0] * out.shape[2]
        affected += int(out.any(axis=1).sum())
    return PairsAtRisk(pairs, saturated, outputs, affected)


def _pairs(x: Any, w: Any) -> Iterator[np.ndarray]:
    """Sums of neighbouring pairs, int32 (rows, K / 2, N), for some rows of x at a time."""
    left, right = _checked(x, w)
    if left.shape[1] % 2:
        left, right = np.pad(left, ((0, 0), (0, 1))), np.pad(right, ((0, 1), (0, 0)))
    even, odd = right[0::2], right[1::2]
    rows = max(1, CHUNK // max(1, even.size))
    for at in range(0, max(1, len(left)), rows):
        part = left[at : at + rows]
        yield part[:, 0::2, None] * even + part[:, 1::2, None] * odd


def _checked(x: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.asarray(x), np.asarray(w)
    if left.dtype != np.uint8 or right.dtype != np.int8:
        raise ValueError(
            f"x has dtype {left.dtype} and w {right.dtype}, but the instruction multiplies uint8 "
            "activations by int8 weights: pass these; for int8 activations add 128 first."
        )
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ValueError(
            f"x has shape {left.shape} and w {right.shape}, but (M, K) @ (K, N) share K: "
            "reshape a convolution's windows and weights to these two first."
        )
    return left.astype(np.int32), right.astype(np.int32)
