"""SmoothQuant's move: outliers of single channels go from the activations into the weights."""

from __future__ import annotations

import numpy as np

from quantlab import choose_qparams, fake_quantize
from quantlab.analysis.tensor_error import sqnr
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table

TOKENS, INPUTS, OUTPUTS = 256, 64, 32
LOUD, TIMES = (3, 40), 60.0
COLUMNS = (
    Column("the layer", "name"),
    Column("largest activation over the median channel's", "spread", ".0f"),
    Column("SQNR of the output in dB", "sqnr", ".1f"),
)


def loud_layer(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Activations, float32 (tokens, inputs), two channels 60 times as loud; weight (outputs,
    inputs)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(TOKENS, INPUTS))
    x[:, LOUD] *= TIMES
    return x.astype(np.float32), rng.normal(size=(OUTPUTS, INPUTS)).astype(np.float32)


def smoothing_factors(x: np.ndarray, w: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """`max|x_j| ** alpha / max|w_j| ** (1 - alpha)` for each input channel j, float32 (inputs,).

    Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language
    Models", 2023, equation 4.
    """
    factors: np.ndarray = np.abs(x).max(axis=0) ** alpha / np.abs(w).max(axis=0) ** (1 - alpha)
    return factors


def int8_linear(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """`x @ w.T` with x on one INT8 ruler and each row of w on its own."""
    reach, rows = np.abs(x).max(), np.abs(w).max(axis=1)
    on_ruler = fake_quantize(x, choose_qparams(-reach, reach, dtype="int8", scheme="symmetric"))
    weights = choose_qparams(-rows, rows, dtype="int8", scheme="symmetric", axis=0)
    out: np.ndarray = on_ruler @ fake_quantize(w, weights).T
    return out


def compare_smoothing(seed: int = 0) -> Listing:
    """The same linear layer in INT8 as it is, and with its channels evened out."""
    x, w = loud_layer(seed)
    factors = smoothing_factors(x, w)
    pairs = {"as it is": (x, w), "smoothed": (x / factors, w * factors)}
    rows = []
    for name, (activations, weights) in pairs.items():
        channels = np.abs(activations).max(axis=0)
        rows.append(
            {
                "name": name,
                "spread": float(channels.max() / np.median(channels)),
                "sqnr": sqnr(int8_linear(activations, weights), x @ w.T),
            }
        )
    title = f"A linear layer of {INPUTS} inputs, {len(LOUD)} of them {TIMES:.0f} times as loud"
    return Listing(title, Table(COLUMNS, tuple(rows)))
