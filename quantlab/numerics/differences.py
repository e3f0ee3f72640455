"""Where two rounding contracts give different integers for the same number."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Table
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import quantize
from quantlab.numerics.validation import finite_float32

#: So many differences are shown unless more are asked for.
SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class RoundingDifferences(Report):
    """The values on which contract `a` and contract `b` disagree, shown as a short table.

    Attributes
    ----------
    a, b : str
        Names of the contracts.
    compared : int
        How many values were looked at.
    indexes : int64 array (count, x.ndim)
        Where in x they disagree.
    x : float32 array (count,)
        The values there.
    q_a, q_b : integer arrays (count,)
        What each contract makes of them.
    """

    a: str
    b: str
    compared: int
    indexes: np.ndarray
    x: np.ndarray
    q_a: np.ndarray
    q_b: np.ndarray

    @property
    def count(self) -> int:
        """How many values differ."""
        return len(self.x)

    def __len__(self) -> int:
        return self.count

    @property
    def summary(self) -> str:
        return f"{self.a} and {self.b} differ on {self.count} of {self.compared} values"

    @property
    def notes(self) -> tuple[str, ...]:
        return self._more(SHOWN)

    def tables(self) -> tuple[Table, ...]:
        return (self._table(SHOWN),)

    def first(self, count: int) -> Listing:
        """The first `count` differences."""
        return Listing(self.summary, self._table(count), self._more(count))

    def _more(self, shown: int) -> tuple[str, ...]:
        return (f"... and {self.count - shown} more",) if self.count > shown else ()

    def _table(self, count: int) -> Table:
        columns = (
            Column("index", "index"),
            Column("x", "x", ".8g"),
            Column(self.a, "q_a", "d"),
            Column(self.b, "q_b", "d"),
        )
        found = zip(self.indexes, self.x, self.q_a, self.q_b, strict=True)
        rows = [
            {
                "index": ", ".join(map(str, at)),
                "x": float(x),
                "q_a": int(q_a),
                "q_b": int(q_b),
            }
            for at, x, q_a, q_b in islice(found, count)
        ]
        return Table(columns, tuple(rows))


def rounding_differences(x: Any, qparams: QParams, a: str, b: str) -> RoundingDifferences:
    """Quantize x under two contracts and keep the values on which they disagree.

    Parameters
    ----------
    x : float array of any shape
    qparams : QParams
    a, b : str
        Two names out of ROUNDINGS.

    Raises
    ------
    ValueError
        As `quantize` does.

    Examples
    --------
    >>> from quantlab.numerics import QParams
    >>> qparams = QParams(scale=1.0, zero_point=7, dtype="uint8")
    >>> print(rounding_differences([0.5, 1.0, 2.5], qparams, "onnx", "torch_legacy"))
    onnx and torch_legacy differ on 2 of 3 values
    index    x  onnx  torch_legacy
    0      0.5     7             8
    2      2.5     9            10
    """
    q_a, q_b = quantize(x, qparams, a), quantize(x, qparams, b)
    differ = q_a != q_b
    values = finite_float32(x, "x")
    return RoundingDifferences(
        a=a,
        b=b,
        compared=values.size,
        indexes=np.argwhere(differ),
        x=values[differ],
        q_a=q_a[differ],
        q_b=q_b[differ],
    )
