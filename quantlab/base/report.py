"""One shape for every result that a person looks at: a line, tables, and sentences below them.

A result derives from `Report` and says what its tables are; text and HTML follow. As the last
expression of a notebook's cell it shows its tables; `print` writes them as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quantlab.base.plain_data import json_ready
from quantlab.base.table import Row, Table
from quantlab.base.table_html import html_of
from quantlab.base.table_text import text_of


class Report:
    """A result that shows itself as tables. A frozen dataclass derives from it with `repr=False`.

    Each says its `summary` and its `tables()`, and `notes` where there are any; one that has a
    figure has a `plot()`.
    """

    @property
    def summary(self) -> str:
        """The result in one line: the caption of its table, and what it reads as in a list."""
        raise NotImplementedError

    def tables(self) -> tuple[Table, ...]:
        """What it shows, the main table first."""
        raise NotImplementedError

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read below the tables."""
        return ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The main table: a flat mapping a row, in the columns' units and not rounded.

        `pandas.DataFrame(report.rows)` takes them as they are.
        """
        return self.tables()[0].rows

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for NaN and infinity."""
        return {
            "summary": self.summary,
            "rows": json_ready(self.rows),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return text_of(self.summary, self.tables(), self.notes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary}>"

    def _repr_html_(self) -> str:
        return html_of(self.summary, self.tables(), self.notes)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's plain text: the tables of a value on its own, one line within a container."""
        alone = len(printer.stack) == 1
        printer.text(str(self) if alone else repr(self))


@dataclass(frozen=True, repr=False)
class Listing(Report):
    """One table on its own: a part of a report, or its first rows.

    Parameters
    ----------
    title : str
        Its `summary`.
    table : Table
    below : tuple of str
        Its `notes`.
    """

    title: str
    table: Table
    below: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        return self.title

    @property
    def notes(self) -> tuple[str, ...]:
        return self.below

    def tables(self) -> tuple[Table, ...]:
        return (self.table,)
