"""An input of an integer operator: which tensor holds the integers, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantlab.numerics import QParams


@dataclass(frozen=True, eq=False)
class Operand:
    """The integers behind a DequantizeLinear.

    Attributes
    ----------
    tensor : str
        Name of the integer tensor.
    optional_qparams : QParams or None
        Its ruler; None for an INT32 bias, whose scale is the product of its layer's two scales.
    constant : integer array or None
        The integers, where the model stores them.
    """

    tensor: str
    optional_qparams: QParams | None
    constant: np.ndarray | None = None

    @property
    def qparams(self) -> QParams:
        """The ruler of an operand that must have one."""
        if self.optional_qparams is None:
            raise ValueError(
                f"tensor {self.tensor!r} is INT32, which only a bias may be: quantize it to 8 bits."
            )
        return self.optional_qparams
