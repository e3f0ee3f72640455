"""Eight bits spent in two ways: as integers, and as floats with an exponent of their own."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from quantlab import choose_qparams, fake_quantize
from quantlab.analysis.tensor_error import sqnr
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table

COUNT = 20_000
#: The two formats (Micikevicius et al., "FP8 Formats for Deep Learning", 2022, table 1).
KINDS = {"e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2}
COLUMNS = (
    Column("values", "name"),
    Column("INT8, dB", "int8", ".1f"),
    Column("FP8 E4M3, dB", "e4m3", ".1f"),
    Column("FP8 E5M2, dB", "e5m2", ".1f"),
)


def float8(x: np.ndarray, kind: str) -> np.ndarray:
    """float32, any shape: scaled so that the largest fits, held as "e4m3" or "e5m2", and back."""
    dtype = KINDS[kind]
    scale = np.abs(x).max() / np.float32(ml_dtypes.finfo(dtype).max)
    back: np.ndarray = (x / scale).astype(dtype).astype(np.float32) * scale
    return back


def int8(x: np.ndarray) -> np.ndarray:
    """float32, any shape: on one symmetric INT8 ruler that reaches the largest, and back."""
    reach = np.abs(x).max()
    return fake_quantize(x, choose_qparams(-reach, reach, dtype="int8", scheme="symmetric"))


def drawn(tail: int | None, seed: int) -> np.ndarray:
    """float32 (20,000,): normal, or Student's t with `tail` degrees of freedom: fewer, longer."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=COUNT) if tail is None else rng.standard_t(tail, size=COUNT)
    return values.astype(np.float32)


def compare_eight_bits(seed: int = 0) -> Listing:
    """SQNR of drawn values with no tail, a long one and a very long one, in three formats."""
    names = {"no tail (normal)": None, "a long tail (t, 3)": 3, "a very long one (t, 2)": 2}
    rows = []
    for name, tail in names.items():
        x = drawn(tail, seed)
        floats = {kind: sqnr(float8(x, kind), x) for kind in KINDS}
        rows.append({"name": name, "int8": sqnr(int8(x), x), **floats})
    title = f"{COUNT:,} drawn values, one scale for all of them: SQNR, more is better"
    return Listing(title, Table(COLUMNS, tuple(rows)))
