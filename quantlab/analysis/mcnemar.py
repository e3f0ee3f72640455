"""McNemar's test: do two classifiers differ, judged by the images on which they disagree?

Images that both get right, or both wrong, say nothing about the difference. Of the others, half
would go either way if the models were equally good: a fair coin, thrown once an image. Source:
McNemar (1947); the mid-p variant is Lancaster's (1961), recommended for paired proportions by
Fagerland, Lydersen and Laake (2013), because the exact test is needlessly cautious.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.analysis.checks import same_images
from quantlab.analysis.plots.mcnemar import mcnemar_figure
from quantlab.base.report import Report
from quantlab.base.table import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class McNemar(Report):
    """The four counts and the two p-values.

    both, neither : int
        Images that both models get right, or both wrong.
    only_before, only_after : int
        Images that one alone gets right: lost and won by the change.
    p_exact : float
        Chance of a split at least as uneven if the models were equally good, two-sided.
    p_mid : float
        The same with the observed split counted half.
    """

    both: int
    only_before: int
    only_after: int
    neither: int
    p_exact: float
    p_mid: float

    @property
    def images(self) -> int:
        """All images."""
        return self.both + self.only_before + self.only_after + self.neither

    @property
    def drop(self) -> float:
        """Accuracy before less accuracy after, -1 to 1."""
        return (self.only_before - self.only_after) / self.images

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "images": self.images, "drop": self.drop}

    def plot(self) -> Figure:
        """The 2 x 2 table, and the images that changed sides as bars."""
        return mcnemar_figure(
            self.only_before, self.only_after, both=self.both, neither=self.neither, p=self.p_mid
        )

    @property
    def summary(self) -> str:
        return (
            f"Of {self.images:,} images {self.only_before:,} lost, {self.only_after:,} "
            f"won: p = {self.p_mid:.3g} (mid-p), {self.p_exact:.3g} (exact)"
        )

    def tables(self) -> tuple[Table, ...]:
        rows = (
            {"before": "before right", "right": self.both, "wrong": self.only_before},
            {"before": "before wrong", "right": self.only_after, "wrong": self.neither},
        )
        columns = (
            Column("", "before"),
            Column("after right", "right", ","),
            Column("after wrong", "wrong", ","),
        )
        return (Table(columns, rows),)


def mcnemar(before_correct: Any, after_correct: Any) -> McNemar:
    """Compare two classifiers on the same images.

    Parameters
    ----------
    before_correct, after_correct : bool arrays (n,)
        Which images each model gets right, in the same order. Integers 0 and 1 will do.

    Returns
    -------
    McNemar
        p-values are sums of exact integers, divided once: correct to the last bit for any n.

    Raises
    ------
    ValueError
        Lengths that differ, no images, values other than right and wrong.

    Examples
    --------
    >>> print(mcnemar([1, 1, 1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, 1, 0]))
    Of 8 images 5 lost, 1 won: p = 0.125 (mid-p), 0.219 (exact)
                  after right  after wrong
    before right            1            5
    before wrong            1            1
    """
    before = _right_or_wrong(before_correct, "before_correct")
    after = _right_or_wrong(after_correct, "after_correct")
    same_images(before, after)
    lost, won = int((before & ~after).sum()), int((~before & after).sum())
    p_exact, p_mid = _two_sided(lost, won)
    return McNemar(
        both=int((before & after).sum()),
        only_before=lost,
        only_after=won,
        neither=int((~before & ~after).sum()),
        p_exact=p_exact,
        p_mid=p_mid,
    )


def _two_sided(lost: int, won: int) -> tuple[float, float]:
    """P(a fair coin splits lost + won throws at least so unevenly), exact and mid-p."""
    throws, fewer = lost + won, min(lost, won)
    ways = total = 1  # C(throws, 0)
    for k in range(1, fewer + 1):
        ways = ways * (throws - k + 1) // k
        total += ways
    outcomes = 2**throws
    # int / int is rounded correctly whatever the size. Above 1 only for an even split.
    return min(1.0, 2 * total / outcomes), min(1.0, (2 * total - ways) / outcomes)


def _right_or_wrong(correct: Any, name: str) -> np.ndarray:
    array = np.asarray(correct)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}, but it says right or wrong "
            "for each image: pass a 1-D array of booleans, such as predictions == labels."
        )
    return array.astype(bool)
