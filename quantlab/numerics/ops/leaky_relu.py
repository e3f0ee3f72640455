"""LeakyRelu on integers: ONNX LeakyRelu between DequantizeLinear and QuantizeLinear."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.table import by_table
from quantlab.numerics.qparams import QParams


def leaky_relu(
    x: Any, x_qparams: QParams, y_qparams: QParams, *, alpha: float = 0.01
) -> np.ndarray:
    """`x` where it is not negative, `alpha * x` where it is, from the ruler of x to that of y.

    float32 in between. ONNX Runtime's QLinearLeakyRelu looks the same integers up in a table.

    Parameters
    ----------
    x : integer array of any shape
    x_qparams, y_qparams : QParams, per-tensor
    alpha : float
        Slope below 0.

    Returns
    -------
    integer array of x's shape and dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; per-channel qparams.

    Examples
    --------
    >>> x, y = QParams(1.0, 10, "uint8"), QParams(0.5, 10, "uint8")
    >>> leaky_relu([0, 10, 12], x, y, alpha=0.25)
    array([ 5, 10, 14], dtype=uint8)
    """
    slope = np.float32(alpha)
    return by_table(x, x_qparams, y_qparams, lambda real: np.where(real >= 0, real, slope * real))
