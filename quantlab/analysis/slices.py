"""Where a drop sits: the same paired comparison for each class or slice.

A mean over all images hides a rare class. But small groups have wide intervals, and among many
groups some look bad by chance: the table says both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.analysis.bootstrap import Statistic, drop_over, mean
from quantlab.analysis.checks import per_image_scores, same_images
from quantlab.analysis.drop import Drop, drop_columns
from quantlab.analysis.plots.drops import drop_figure
from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Below so many images a bootstrap interval is too narrow to be taken at its word: resampling n
#: images underestimates the spread by about sqrt(1 - 1/n), and skew does the rest.
FEW = 30


@dataclass(frozen=True)
class GroupDrop:
    """One class or slice; `drop` is None where a group has fewer than two images."""

    name: str
    images: int
    drop: Drop | None

    @property
    def few(self) -> bool:
        """True where the group is too small for its interval to be more than a hint."""
        return self.images < FEW

    @property
    def verdict(self) -> str:
        """The drop's verdict, or 'too few' where no interval can be had."""
        return "too few" if self.drop is None else self.drop.verdict


@dataclass(frozen=True, repr=False)
class GroupTable(Report):
    """The drop over all images, and the drop of each group in the order given."""

    overall: Drop
    groups: tuple[GroupDrop, ...]

    def __getitem__(self, name: str) -> GroupDrop:
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(
            f"{name!r} is no group here; the groups are {', '.join(g.name for g in self.groups)}"
        )

    @property
    def worst(self) -> GroupDrop:
        """The group with the largest drop among those that have an interval."""
        known = [group for group in self.groups if group.drop is not None]
        if not known:
            raise ValueError(
                "no group has two images, but a drop needs them: choose larger groups."
            )
        return max(known, key=lambda group: group.drop.drop if group.drop else -np.inf)

    @property
    def by_chance(self) -> float:
        """How many of these intervals are expected to miss 0 if nothing had changed."""
        with_interval = sum(group.drop is not None for group in self.groups)
        return with_interval * (1 - self.overall.confidence)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "overall": self.overall.to_dict(),
            "groups": [
                {
                    "name": group.name,
                    "images": group.images,
                    "drop": group.drop and group.drop.to_dict(),
                    "few": group.few,
                }
                for group in self.groups
            ],
        }

    def plot(self, limit: float | None = None) -> Figure:
        """One interval a group, hollow where the group is small."""
        shown = {"all images": self.overall}
        shown |= {group.name: group.drop for group in self.groups if group.drop is not None}
        drops = shown.values()
        return drop_figure(
            list(shown),
            [drop.drop for drop in drops],
            [(drop.low, drop.high) for drop in drops],
            [drop.verdict for drop in drops],
            [drop.images for drop in drops],
            confidence=self.overall.confidence,
            limit=limit,
            few=FEW,
        )

    @property
    def summary(self) -> str:
        known = any(group.drop is not None for group in self.groups)
        worst = f"; worst group: {self.worst.name}" if known else ""
        return f"All images: {self.overall.summary}{worst}"

    def tables(self) -> tuple[Table, ...]:
        overall = GroupDrop("all images", self.overall.images, self.overall)
        columns = (Column("", "name"), *drop_columns(self.overall.confidence), Column("", "mark"))
        rows = tuple(map(_row, (overall, *self.groups)))
        return (Table(columns, rows, strong=frozenset([0])),)

    @property
    def notes(self) -> tuple[str, ...]:
        small = any(group.few for group in self.groups)
        return (
            *([f"* fewer than {FEW} images: read the interval as a hint."] if small else []),
            f"{len(self.groups)} groups: about {self.by_chance:.1f} of the intervals would miss 0 "
            "if nothing had changed.",
        )


def _row(group: GroupDrop) -> Row:
    d = group.drop
    numbers = ("before", "after", "drop", "low", "high")
    return {
        "name": group.name,
        "images": group.images,
        **{number: d and getattr(d, number) for number in numbers},
        "verdict": group.verdict,
        "few": group.few,
        "mark": "*" if group.few else "",
    }


def by_group(
    before: Any,
    after: Any,
    groups: Any,
    statistic: Statistic = mean,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    method: str = "bca",
    seed: int = 0,
) -> GroupTable:
    """The drop of each class or slice, with its interval, beside the drop over all images.

    Parameters
    ----------
    before, after, statistic, resamples, confidence, method, seed
        As in `paired_bootstrap`.
    groups : 1-D array of n labels, or mapping of name to bool array (n,)
        Labels split the images (classes); named masks may overlap (night, rain).

    Raises
    ------
    ValueError
        As `paired_bootstrap`; labels or masks whose length is not the number of images.

    Examples
    --------
    >>> before = np.ones(100)
    >>> after = np.where(np.arange(100) < 40, np.arange(100) % 4 > 0, 1)
    >>> table = by_group(before, after, {"night": np.arange(100) < 40})
    >>> table["night"].verdict, round(table["night"].drop.drop, 3)
    ('lost', 0.25)
    """
    if statistic is mean:
        before, after = per_image_scores(before, "before"), per_image_scores(after, "after")
    images = same_images(before, after)

    def drop_of(members: np.ndarray) -> Drop:
        return drop_over(
            before, after, members, statistic, resamples, confidence, method=method, seed=seed
        )

    overall = drop_of(np.arange(images))
    rows = [
        GroupDrop(name, len(members), drop_of(members) if len(members) > 1 else None)
        for name, members in _members(groups, images).items()
    ]
    return GroupTable(overall, tuple(rows))


def _members(groups: Any, images: int) -> dict[str, np.ndarray]:
    """Name -> image numbers."""
    if isinstance(groups, Mapping):
        return {str(name): np.flatnonzero(_mask(m, name, images)) for name, m in groups.items()}
    labels = np.asarray(groups)
    if labels.shape != (images,):
        raise ValueError(
            f"groups has shape {labels.shape}, but there are {images} images: pass one label an "
            "image, or named masks of that length."
        )
    return {str(label): np.flatnonzero(labels == label) for label in np.unique(labels)}


def _mask(mask: Any, name: Any, images: int) -> np.ndarray:
    array = np.asarray(mask)
    if array.dtype != bool or array.shape != (images,):
        raise ValueError(
            f"the group {str(name)!r} has dtype {array.dtype} and shape {array.shape}, but a mask "
            f"says True or False for each of the {images} images: pass a bool array."
        )
    return array
