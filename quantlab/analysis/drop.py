"""Drop: what a change cost, with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from quantlab.analysis.plots.drops import drop_figure
from quantlab.base.report import Report
from quantlab.base.table import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Drop(Report):
    """What a change cost, and how sure that is. `drop` is before - after: above 0 is a loss.

    `low` and `high` enclose `confidence` of the bootstrap; all five numbers are in the statistic's
    own unit. `changed` counts the images whose record differs, None where records are not numbers.
    """

    before: float
    after: float
    drop: float
    low: float
    high: float
    confidence: float
    images: int
    changed: int | None
    resamples: int
    method: str

    @property
    def verdict(self) -> str:
        """'lost', 'gained', 'unchanged' (no image differs) or 'inconclusive' (0 is inside)."""
        if self.changed == 0:
            return "unchanged"
        if self.low > 0:
            return "lost"
        return "gained" if self.high < 0 else "inconclusive"

    def against(self, limit: float) -> str:
        """'met' when the whole interval is at most `limit`, 'missed' when it is all above."""
        if self.high <= limit:
            return "met"
        return "missed" if self.low > limit else "inconclusive"

    @property
    def unseen(self) -> float:
        """A share of images that may still change although none of these did, 0 to 1.

        `1 - (1 - confidence)^(1 / images)`: the exact bound behind the "rule of three".
        """
        return float(1 - (1 - self.confidence) ** (1 / self.images))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, the verdict included."""
        return {**asdict(self), "verdict": self.verdict}

    def plot(self, limit: float | None = None) -> Figure:
        """The interval on a line with 0 and, if given, a limit marked."""
        return drop_figure(
            ["all images"],
            [self.drop],
            [(self.low, self.high)],
            [self.verdict],
            [self.images],
            confidence=self.confidence,
            limit=limit,
        )

    @property
    def summary(self) -> str:
        return (
            f"drop {self.drop:.4g}, {self.confidence:.0%} interval {self.low:.4g} to "
            f"{self.high:.4g}: {self.verdict}"
        )

    def tables(self) -> tuple[Table, ...]:
        return (Table(drop_columns(self.confidence), ({**asdict(self), "verdict": self.verdict},)),)

    @property
    def notes(self) -> tuple[str, ...]:
        if self.changed != 0:
            return ()
        return (
            f"No image changed; a change in up to {self.unseen:.2%} of images could still go "
            "unseen",
        )


def drop_columns(confidence: float) -> tuple[Column, ...]:
    """What a table shows of drops with intervals of this confidence."""
    return (
        Column("images", "images", ","),
        Column("before", "before", ".4g"),
        Column("after", "after", ".4g"),
        Column("drop", "drop", ".4g"),
        Column(f"{confidence:.0%} interval", ("low", "high"), ".4g"),
        Column("verdict", "verdict"),
    )
