"""How sure are we of a drop? A paired bootstrap over images.

Both models see the same images, so an image that is hard for one is hard for the other. Drawing
whole images, with both results on each, keeps that: the interval is of the difference itself and
far narrower than two separate intervals. Source: Efron, "Bootstrap methods: another look at the
jackknife" (1979) for the percentiles and "Better bootstrap confidence intervals" (1987) for BCa.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from quantlab.analysis.checks import per_image_scores, same_images
from quantlab.analysis.drop import Drop

#: statistic(records, index) -> float: one number of a model over the images named by `index`.
Statistic = Callable[[Any, np.ndarray], float]
METHODS = ("bca", "percentile")
#: Image numbers drawn at a time, so that memory does not grow with images times resamples.
CHUNK = 1 << 20
#: Up to so many distinct drops an image, a resample is drawn by counts instead of image by image.
DISTINCT = 32
#: Drops this close, as a share of the statistic, are a tie: float64 sums differ by their order.
TIE = 1e-12


def mean(records: np.ndarray, index: np.ndarray) -> Any:
    """The mean over images: accuracy from right or wrong, mean IoU from IoUs.

    `records` is a float array (n,), `index` an integer array (..., n); the answer has shape (...).
    """
    return records[index].mean(axis=-1)


def paired_bootstrap(
    before: Any,
    after: Any,
    statistic: Statistic = mean,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    method: str = "bca",
    seed: int = 0,
) -> Drop:
    """The drop of a statistic from `before` to `after`, with a bootstrap interval over images.

    Parameters
    ----------
    before, after : one record an image, in the same order
        With the default `mean`, 1-D arrays of finite numbers or booleans. Another statistic may
        take anything with a length: it alone looks inside.
    statistic : callable (records, index) -> float
        One number of a model over some images. `index` is an int64 array (n,), with repeats: an
        mAP gathers the detections of these images and matches them anew.
    resamples : int
        How often n images are drawn with replacement.
    confidence : float
        Between 0 and 1.
    method : str
        "bca" corrects the percentiles for bias and skew, at the price of one statistic an image;
        "percentile" takes them as they are.
    seed : int

    Returns
    -------
    Drop

    Raises
    ------
    ValueError
        Fewer than two images, lengths that differ, NaN; a setting out of range; a statistic that
        is not finite; BCa where every resample falls on one side of the drop.

    Examples
    --------
    >>> right = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 1], float)
    >>> print(paired_bootstrap(right, right))
    drop 0, 95% interval 0 to 0: unchanged
    images  before  after  drop  95% interval  verdict
        10     0.8    0.8     0        0 to 0  unchanged
    No image changed; a change in up to 25.89% of images could still go unseen
    """
    if statistic is mean:
        before, after = per_image_scores(before, "before"), per_image_scores(after, "after")
    members = np.arange(same_images(before, after))
    return drop_over(
        before, after, members, statistic, resamples, confidence, method=method, seed=seed
    )


def drop_over(
    before: Any,
    after: Any,
    members: np.ndarray,
    statistic: Statistic,
    resamples: int,
    confidence: float,
    *,
    method: str,
    seed: int,
) -> Drop:
    """`paired_bootstrap` over some of the images: `members` are their numbers, at least two."""
    _check_settings(resamples, confidence, method)
    if len(members) < 2:
        raise ValueError(
            f"before and after hold {len(members)} image{'s' * (len(members) != 1)}, but an "
            "interval needs at least two: evaluate more images."
        )
    at_first = _number(statistic, before, members), _number(statistic, after, members)
    drop = at_first[0] - at_first[1]
    drops = _resampled(before, after, members, statistic, resamples, seed)
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca" and np.ptp(drops) > 0:
        jackknife = _without_each(before, after, members, statistic)
        levels = _bca_levels(levels, drops, drop, jackknife, TIE * max(map(abs, at_first)))
    low, high = np.quantile(drops, levels)
    return Drop(
        *at_first,
        drop=drop,
        low=float(low),
        high=float(high),
        confidence=confidence,
        images=len(members),
        changed=_changed(before, after, members),
        resamples=resamples,
        method=method,
    )


def _resampled(
    before: Any, after: Any, members: np.ndarray, statistic: Statistic, resamples: int, seed: int
) -> np.ndarray:
    """The drops of `resamples` draws with replacement, float64 (resamples,)."""
    rng, n = np.random.default_rng(seed), len(members)
    if statistic is mean:
        # The drop of means is the mean of drops, and n draws among a few distinct drops (right and
        # wrong leave three) are one multinomial draw.
        values, counts = np.unique(before[members] - after[members], return_counts=True)
        if len(values) <= DISTINCT:
            return np.asarray(rng.multinomial(n, counts / n, size=resamples) @ values / n)
    rows = max(1, CHUNK // n)
    parts = []
    for start in range(0, resamples, rows):
        drawn = members[rng.integers(0, n, size=(min(rows, resamples - start), n))]
        if statistic is mean:
            parts.append(mean(before, drawn) - mean(after, drawn))
        else:
            pairs = [(_number(statistic, before, i), _number(statistic, after, i)) for i in drawn]
            parts.append(np.subtract(*np.array(pairs).T))
    return np.concatenate(parts)


def _without_each(before: Any, after: Any, members: np.ndarray, statistic: Statistic) -> np.ndarray:
    """The jackknife: the drop with one image left out, for each, float64 (n,)."""
    if statistic is mean:
        difference = before[members] - after[members]
        return np.asarray((difference.sum() - difference) / (len(members) - 1))
    rest = (np.delete(members, i) for i in range(len(members)))
    return np.array([_number(statistic, before, i) - _number(statistic, after, i) for i in rest])


def _bca_levels(
    levels: np.ndarray, drops: np.ndarray, drop: float, jackknife: np.ndarray, tie: float
) -> np.ndarray:
    """The quantile levels that undo bias (z0) and skew (a)."""
    normal = NormalDist()
    below = float(np.mean(drops < drop - tie) + np.mean(drops <= drop + tie)) / 2  # ties half
    if not 0 < below < 1:
        raise ValueError(
            f"every resample falls on one side of the drop {drop:.4g}, so BCa has no bias to "
            "correct: use method='percentile', or more images."
        )
    z0, away = normal.inv_cdf(below), jackknife.mean() - jackknife
    spread = float((away**2).sum())
    a = float((away**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    shifted = [z0 + normal.inv_cdf(level) for level in levels]
    return np.array([normal.cdf(z0 + z / (1 - a * z)) for z in shifted])


def _number(statistic: Statistic, records: Any, index: np.ndarray) -> float:
    value = float(statistic(records, index))
    if not np.isfinite(value):
        raise ValueError(
            f"the statistic is {value} on {len(index)} images, but an interval needs a finite "
            "number on every resample: say what it is when a class has no image."
        )
    return value


def _changed(before: Any, after: Any, members: np.ndarray) -> int | None:
    pair = (before, after)
    if not all(isinstance(x, np.ndarray) and x.dtype.kind in "biuf" for x in pair):
        return None
    if before.shape != after.shape:
        return None
    differ = before[members] != after[members]
    return int(differ.reshape(len(members), -1).any(axis=1).sum())


def _check_settings(resamples: int, confidence: float, method: str) -> None:
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples is {resamples} and confidence {confidence}, but at least one resample and "
            "a confidence between 0 and 1 are needed: 10,000 and 0.95 are usual."
        )
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, but there are {', '.join(METHODS)}: name one.")
