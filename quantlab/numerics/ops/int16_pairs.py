"""Sums of products on a CPU without VNNI: neighbouring pairs are added in 16 bits and stop there.

The x86 instruction `vpmaddubsw` multiplies UINT8 by INT8 and adds each two neighbouring products
into one INT16, which stops at its ends: 255 * 127 * 2 = 64,770 becomes 32,767. The pairs are then
added in 32 bits, where nothing is lost. So the saturated sum is the exact one less what the pairs
lost, whatever zero_points and biases are added to it.

Source: Intel's description of VPMADDUBSW; ONNX Runtime's kernels on an AVX2 machine.
"""

from collections.abc import Iterator

import numpy as np

from quantlab.numerics.qparams import QParams

INT16 = np.iinfo(np.int16)


def adds_in_int16(exact: bool, x_qparams: QParams, w_qparams: QParams) -> bool:
    """Whether sums of products of x and w are made by `vpmaddubsw`: not exact, and of its types.

    The instruction multiplies UINT8 by INT8. ONNX Runtime has kernels of the other combinations
    that add in 32 bits on every CPU.

    Raises
    ------
    ValueError
        `exact` is neither True nor False.
    """
    if exact not in (True, False):
        raise ValueError(
            f"exact is {exact!r}, but products are added in 32 bits, True, or in pairs that stop "
            f"at INT16, False: pass one of these."
        )
    return not exact and (x_qparams.dtype, w_qparams.dtype) == ("uint8", "int8")


def lost_in_int16(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The exact sums `w @ x` less those of pairs that stop at the ends of INT16.

    Parameters
    ----------
    x : uint8 array (K, columns)
        As stored, zero_point not subtracted. Rows 0 and 1 are a pair, 2 and 3, ...
    w : int8 array (filters, K)
        As stored. An odd K is filled up with one zero.

    Returns
    -------
    int64 array (filters, columns)
    """
    lost = np.zeros((w.shape[0], x.shape[1]), np.int64)
    for filters, sums in pairs_that_may_saturate(x, w):
        lost[filters] += sums - np.clip(sums, INT16.min, INT16.max)
    return lost


def pairs_that_may_saturate(
    x: np.ndarray, w: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each pair along K: which filters might leave INT16 there, and their sums.

    A pair is left out where even the largest x of both rows keeps it inside, as most do: yields
    (filter indices, int32 sums (those filters, columns)). Takes what `lost_in_int16` takes.
    """
    if x.size == 0 or w.size == 0:
        return
    if len(x) % 2:
        x, w = np.pad(x, ((0, 1), (0, 0))), np.pad(w, ((0, 0), (0, 1)))
    largest = x.max(axis=1).astype(np.int32)
    upwards, downwards = (
        largest * part(w, 0).astype(np.int32) for part in (np.maximum, np.minimum)
    )
    high = upwards[:, 0::2] + upwards[:, 1::2]
    low = downwards[:, 0::2] + downwards[:, 1::2]
    risky = (high > INT16.max) | (low < INT16.min)
    for pair in np.flatnonzero(risky.any(axis=0)):
        filters = np.flatnonzero(risky[:, pair])
        both = slice(2 * pair, 2 * pair + 2)
        left, right = w[filters, both].astype(np.int32).T
        first, second = x[both].astype(np.int32)
        yield filters, left[:, None] * first + right[:, None] * second
