"""Where two rounding contracts give different integers for the same number."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import quantize
from quantlab.numerics.validation import finite_float32


@dataclass(frozen=True, eq=False)
class RoundingDifferences:
    """The values on which contract `a` and contract `b` disagree. Prints as a short table.

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

    def table(self, rows: int = 10) -> str:
        """The first `rows` differences as text, after one line with the count."""
        lines = [f"{self.a} and {self.b} differ on {self.count} of {self.compared} values"]
        if self.count:
            widths = max(len(self.a), 6), max(len(self.b), 6)
            lines.append(f"{'index':>12}  {'x':>14}  {self.a:>{widths[0]}}  {self.b:>{widths[1]}}")
        for i in range(min(rows, self.count)):
            at = ", ".join(str(k) for k in self.indexes[i])
            lines.append(
                f"{at:>12}  {self.x[i]:>14.8g}  {self.q_a[i]:>{widths[0]}}  "
                f"{self.q_b[i]:>{widths[1]}}"
            )
        if self.count > rows:
            lines.append(f"... and {self.count - rows} more")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()


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
           index               x    onnx  torch_legacy
               0             0.5       7             8
               2             2.5       9            10
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
