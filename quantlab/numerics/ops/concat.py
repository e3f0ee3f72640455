"""Tensors of integers joined along an axis: ONNX Concat between Dequantize- and QuantizeLinear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import per_tensor
from quantlab.numerics.ops.table import by_table
from quantlab.numerics.qparams import QParams
from quantlab.numerics.validation import channel_axis


def concat(
    tensors: Sequence[Any], qparams: Sequence[QParams], y_qparams: QParams, *, axis: int
) -> np.ndarray:
    """Join tensors, each moved from its own ruler to the ruler of y.

    A tensor that is on the ruler of y already is copied. The others are dequantized and quantized
    again, which ONNX Runtime's QLinearConcat does through a table of 256 entries: the same
    integers. Rulers that differ cost a rounding: give all parts of a concat one ruler if you can.

    Parameters
    ----------
    tensors : integer arrays that differ along `axis` at most
    qparams : QParams, per-tensor, one a tensor
    y_qparams : QParams, per-tensor
    axis : int

    Returns
    -------
    integer array of dtype `y.storage`

    Raises
    ------
    ValueError
        As `centered` does; no tensors, or as many rulers as there are not; shapes that do not
        fit; per-channel qparams.

    Examples
    --------
    >>> x, y = QParams(1.0, 0, "uint8"), QParams(2.0, 10, "uint8")
    >>> concat([[1, 2, 6], [7]], [x, y], y, axis=0)
    array([10, 11, 13,  7], dtype=uint8)
    """
    if not tensors or len(tensors) != len(qparams):
        raise ValueError(
            f"there are {len(tensors)} tensors and {len(qparams)} qparams, but concat takes one "
            f"ruler a tensor and at least one tensor: pass two lists of one length."
        )
    per_tensor(y_qparams, "y_qparams")
    for i, own in enumerate(qparams):
        per_tensor(own, f"qparams[{i}]")
    # A tick of y is nearest to itself: where the rulers are equal this copies.
    parts = [
        by_table(tensor, own, y_qparams, lambda real: real, f"tensors[{i}]")
        for i, (tensor, own) in enumerate(zip(tensors, qparams, strict=True))
    ]
    at = channel_axis(axis, parts[0].ndim, "tensors[0]")
    try:
        return np.concatenate(parts, axis=at)
    except ValueError as error:
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ValueError(
            f"the shapes are {shapes} and axis is {axis}, but only axis {axis} of them may differ: "
            f"resize the others or name another axis."
        ) from error
