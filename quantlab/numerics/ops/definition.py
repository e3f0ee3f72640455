"""Layers with weights as ONNX and torch define them: dequantize, the operator in float32, quantize.

No integer sum exists here. float32 rounds each product and each partial sum, in an order that is
the matrix product's own: near ties the integers may differ from another machine's by 1. Matrices
are laid out as in onnx.reference, so that on one machine both add alike.
"""

from typing import Any

import numpy as np

from quantlab.numerics.ops.accumulate import as_accumulator
from quantlab.numerics.ops.windows import Windows
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import quantize

#: The contracts that compute a layer in float32; as roundings they share its last step.
DEFINITIONS = ("onnx", "torch")


def is_definition(contract: str, exact: bool) -> bool:
    """Whether the contract computes in float32 instead of requantizing integer sums.

    Raises
    ------
    ValueError
        Sums that saturate are asked of a contract that has no integer sums.
    """
    if contract in DEFINITIONS and not exact:
        raise ValueError(
            f"exact is False and contract {contract!r}, but a definition adds in float32, where no "
            f"pair stops at INT16: use contract='onnxruntime', or exact=True."
        )
    return contract in DEFINITIONS


def by_definition(
    product: np.ndarray,
    x_qparams: QParams,
    w_qparams: QParams,
    y_qparams: QParams,
    bias: Any,
    contract: str,
    *,
    axis: int | None = None,
) -> np.ndarray:
    """A float32 product plus the dequantized bias, quantized as the contract rounds.

    Parameters
    ----------
    product : float32 array
    bias : int32 array that broadcasts to it, or None
        On the ruler x.scale * w.scale; `axis` is the product's channel axis for a per-channel w.

    Raises
    ------
    ValueError
        The bias is not integers of int32 or does not broadcast; a product beyond float32.
    """
    if bias is not None:
        as_accumulator(np.zeros(product.shape, np.float32), bias)  # the checks of an integer layer
        scale = np.asarray(x_qparams.scale * w_qparams.scale)
        if w_qparams.axis is not None:
            scale = scale.reshape([-1 if i == axis else 1 for i in range(product.ndim)])
        product = product + np.asarray(bias).astype(np.float32) * scale
    if not np.isfinite(product).all():
        raise ValueError(
            "a sum is beyond float32's largest number 3.4e38: these scales do not belong to one "
            "layer; choose them from its ranges."
        )
    return quantize(product, y_qparams, contract)


def conv_in_float32(x: np.ndarray, w: np.ndarray, seen: Windows, groups: int) -> np.ndarray:
    """Conv of float32 arrays without bias: one matrix product a group.

    Parameters
    ----------
    x : float32 array (N, C, *spatial)
    w : float32 array (M, C / groups, *kernel)

    Returns
    -------
    float32 array (N, M, *output)
    """
    padded, dims = seen.padded(x), range(3, 3 + len(seen.output))
    windows = np.stack([padded[(..., *window)] for _, window in seen.places()])
    columns = windows.transpose(2, 0, 1, *dims).reshape(groups, w[0].size, -1)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses it with a sentence
        product = w.reshape(groups, len(w) // groups, -1) @ columns
    whole = product.reshape(len(w), len(x), *seen.output)
    return np.asarray(np.moveaxis(whole, 0, 1))
