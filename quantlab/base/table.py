"""A table as a value: columns that know how their numbers are written, and flat rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

#: One line of a table: flat, plain values, in the unit of its column and not rounded.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    header : str
        With the unit.
    keys : str or tuple of str
        What it shows of a row; several values are joined by " to ", as the ends of an interval.
    spec : str or function of a number
        How numbers are written, ",.1f" for example as `format` takes it. A column with a spec
        holds numbers and stands on the right.
    absent : str
        What stands where a value is None.
    """

    header: str
    keys: str | tuple[str, ...]
    spec: str | Callable[[Any], str] = ""
    absent: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return bool(self.spec)

    def text(self, row: Row) -> str:
        """The cell: `absent` for None, a dash for a number that is not defined (NaN)."""
        keys = (self.keys,) if isinstance(self.keys, str) else self.keys
        values = [row[key] for key in keys]
        return self.absent if None in values else " to ".join(map(self._written, values))

    def _written(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, float) and isnan(value):
            return "–"
        if isinstance(value, float) and isinf(value):
            return "∞" if value > 0 else "-∞"
        return format(value, self.spec) if isinstance(self.spec, str) else self.spec(value)


@dataclass(frozen=True)
class Table:
    """Columns and rows.

    Parameters
    ----------
    columns : tuple of Column
    rows : tuple of mappings
        A row may hold more than the columns show.
    caption : str
        One line, shown above the second and later tables of a report.
    strong : frozenset of int
        Rows that stand out by their number: a total, a layer to look at.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    strong: frozenset[int] = frozenset()

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns without those that are empty in every row."""
        first, *others = self.columns
        return first, *(c for c in others if any(c.text(row) for row in self.rows))
