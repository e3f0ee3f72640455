"""Weights of 4 bits with one scale for a short block of them, in integers and in MX's FP4."""

from __future__ import annotations

from functools import cache

import numpy as np
from ml_dtypes import float4_e2m1fn

from quantlab import choose_qparams, fake_quantize
from quantlab.analysis.tensor_error import sqnr
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table

BLOCK = 32
SCALE_BITS = 16
#: FP4 E2M1 reaches 6 = 1.5 * 2 ** 2 (OCP Microscaling Formats (MX) Specification 1.0, 5.3.3).
FP4_EMAX = 2
MX_SCALE_BITS = 8
COLUMNS = (
    Column("weights", "name"),
    Column("bits a weight", "bits", ".2f"),
    Column("SQNR in dB", "sqnr", ".1f"),
)


@cache
def widest_weight() -> np.ndarray:
    """The detector's 1×1 weight with most input channels, float32 (output, input channels)."""
    from quantlab.zoo import load

    found = [p for p in load("detector").parameters() if p.ndim == 4 and p.shape[2:] == (1, 1)]
    widest = max(found, key=lambda p: p.shape[1])
    array: np.ndarray = widest.detach().numpy()[:, :, 0, 0]
    return array


def int4_rows(rows: np.ndarray) -> np.ndarray:
    """float32 (n, k): each row on a symmetric INT4 ruler of its own, and back."""
    reach = np.abs(rows).max(axis=1)
    return fake_quantize(
        rows, choose_qparams(-reach, reach, dtype="int4", scheme="symmetric", axis=0)
    )


def mx_fp4_rows(rows: np.ndarray) -> np.ndarray:
    """float32 (n, 32): each row as MXFP4, a power of two times FP4 numbers, and back.

    The shared scale is 2 ** (floor(log2(largest magnitude)) - 2); what lies beyond 6 of it
    saturates (MX specification 1.0, section 6.3). A row of zeros stays zeros.
    """
    largest = np.abs(rows).max(axis=1, keepdims=True)
    exponent = np.floor(np.log2(np.where(largest > 0, largest, 1.0))) - FP4_EMAX
    held = (rows / 2.0**exponent).astype(float4_e2m1fn).astype(np.float32)
    back: np.ndarray = (held * 2.0**exponent).astype(np.float32)
    return back


def compare_blocks(weight: np.ndarray) -> Listing:
    """The same weight, float32 (outputs, inputs), with a scale a channel and a scale a block.

    Raises
    ------
    ValueError
        The input channels do not fill blocks of 32.
    """
    if weight.shape[1] % BLOCK:
        raise ValueError(
            f"The weight has {weight.shape[1]} input channels, which fill no blocks of {BLOCK}: "
            "take another layer."
        )
    blocks = weight.reshape(-1, BLOCK)
    rows = [
        {
            "name": "INT4, one scale for a channel",
            "bits": 4 + SCALE_BITS / weight.shape[1],
            "sqnr": sqnr(int4_rows(weight), weight),
        },
        {
            "name": f"INT4, one scale for {BLOCK} weights",
            "bits": 4 + SCALE_BITS / BLOCK,
            "sqnr": sqnr(int4_rows(blocks), blocks),
        },
        {
            "name": f"MXFP4, one power of two for {BLOCK}",
            "bits": 4 + MX_SCALE_BITS / BLOCK,
            "sqnr": sqnr(mx_fp4_rows(blocks), blocks),
        },
    ]
    outputs, inputs = weight.shape
    title = f"A 1×1 weight of the detector, {outputs} × {inputs}, scales of {SCALE_BITS} bits"
    return Listing(title, Table(COLUMNS, tuple(rows)))
