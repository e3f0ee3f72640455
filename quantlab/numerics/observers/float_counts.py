"""How often which float32 occurred, to one part in 128, however far apart the values lie.

A histogram has bins of one width: a single far outlier makes them so wide that all other values
share one. Here each bin is as wide as its values are large. It is named by the upper 16 bits of a
float32: sign, exponent and 7 bits behind the point, as bfloat16 keeps them. So there are 65,536 of
them for every number that float32 has, none of them is wider than 2^-7 of its values, and nothing
has to be known about the data before. The idea is that of DDSketch (Masson, Rim, Lee 2019) with the
exponents that numbers have already.
"""

from dataclasses import dataclass

import numpy as np

#: Width of a bin over the smallest magnitude in it, at most.
WIDTH = 2.0**-7
SIGN = 0x8000
# Magnitudes whose upper bits lie below are subnormal: no scale is as small, they count as 0.
SMALLEST_NORMAL = 0x0080


@dataclass(frozen=True, eq=False)
class FloatCounts:
    """Counts of values by the upper 16 bits of each.

    Parameters
    ----------
    bins : uint16 array
        The upper halves that occurred, in the order of the numbers that they begin.
    counts : int64 array of the same length, 1 or more each
    """

    bins: np.ndarray
    counts: np.ndarray

    def magnitudes(self) -> "FloatCounts":
        """The counts of the absolute values."""
        return _of_pairs(self.bins & (SIGN - 1), self.counts)

    def percentile(self, part: float) -> tuple[float, float, float]:
        """numpy.percentile of all values, as near as the bins tell.

        Parameters
        ----------
        part : float
            From 0 to 1.

        Returns
        -------
        lowest, nearest, highest : float
            numpy's value lies between the outer two for certain: the ends of the bins of the two
            neighbours that it interpolates between. `nearest` takes the values of a bin to be
            spread evenly over it.
        """
        below = np.concatenate(([0], np.cumsum(self.counts)))
        rank = (below[-1] - 1) * part
        first, last = int(np.floor(rank)), int(np.ceil(rank))
        at = np.searchsorted(below, (first, last), side="right") - 1
        ends = _ends(self.bins[at])
        share = ((first, last) - below[at] + 0.5) / self.counts[at]
        left, right = ends[0] + (ends[1] - ends[0]) * share
        return float(ends[0][0]), float(left + (right - left) * (rank - first)), float(ends[1][1])


def count_floats(x: np.ndarray, before: FloatCounts | None = None) -> FloatCounts:
    """The counts of one finite float32 batch, added to those of the batches before."""
    upper = (x.ravel().view(np.uint32) >> 16).astype(np.uint16)
    if len(upper) < 2**14:  # sorting few is quicker than looking through all possible bins
        bins, counts = np.unique(upper, return_counts=True)
    else:
        every = np.bincount(upper, minlength=2**16)
        bins = np.flatnonzero(every).astype(np.uint16)
        counts = every[bins]
    if before is not None:
        bins = np.concatenate((before.bins, bins))
        counts = np.concatenate((before.counts, counts))
    return _of_pairs(bins, counts)


def _of_pairs(bins: np.ndarray, counts: np.ndarray) -> FloatCounts:
    """Bins in order, the counts of equal ones added."""
    # Bits of positive floats are ordered as the floats are, those of negative ones the other way.
    order = np.where(bins & SIGN, np.int64(SIGN - 1) - (bins & (SIGN - 1)), bins + np.int64(SIGN))
    _, first, which = np.unique(order, return_index=True, return_inverse=True)
    total = np.zeros(len(first), np.int64)
    np.add.at(total, which, counts)
    return FloatCounts(bins[first], total)


def _ends(bins: np.ndarray) -> np.ndarray:
    """(2, len(bins)) float64: where each bin begins and ends, upwards."""
    small = (bins & (SIGN - 1)).astype(np.uint32)
    near, far = (
        np.where(half < SMALLEST_NORMAL, np.uint32(0), half << 16)
        .astype(np.uint32)
        .view(np.float32)
        for half in (small, small + 1)
    )
    # The bin behind the largest float32 would begin at infinity.
    far = np.minimum(far, np.finfo(np.float32).max)
    pair = np.stack((near, far)).astype(np.float64)
    return np.where(bins & SIGN, -pair[::-1], pair)
