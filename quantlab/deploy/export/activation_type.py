"""Signed or unsigned activations: the same real numbers, 128 apart."""

import platform
from collections.abc import Mapping

from quantlab.numerics import QParams

ARM = ("arm64", "aarch64")
SHIFT = 128


def signed_by_default() -> bool:
    """INT8 on ARM, whose dot products are signed; UINT8 elsewhere.

    On x86 ONNX Runtime computes most operators between INT8 activations in float32.
    """
    return platform.machine().lower() in ARM


def shifted(activations: Mapping[str, QParams], signed: bool) -> dict[str, QParams]:
    """8-bit rulers as INT8 or as UINT8; others as they are.

    `scale * (q - zero_point)` stays the same number, because q and zero_point move together.

    Examples
    --------
    >>> shifted({"x": QParams(0.5, 10, "uint8")}, signed=True)
    {'x': QParams(scale=0.5, zero_point=-118, dtype='int8')}
    """
    wanted = "int8" if signed else "uint8"
    return {
        name: QParams(qparams.scale, qparams.zero_point + (-SHIFT if signed else SHIFT), wanted)
        if {qparams.dtype, wanted} == {"int8", "uint8"}
        else qparams
        for name, qparams in activations.items()
    }
