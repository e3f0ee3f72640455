"""Whether a plan's model computes the same integers on every CPU, told on any machine.

Two things part CPUs: a layer that the runtime computes in float32 has no integers, and a pair of
UINT8 × INT8 products that leaves INT16 stops there on an x86 CPU without VNNI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EveryCpu:
    """What was found.

    int8_share  multiply-accumulates that run on integers, as a share of all, 0 to 1.
    at_risk     pairs of products that leave INT16 on these pictures.
    pairs       pairs of products that are added in 16 bits at all.
    """

    int8_share: float
    at_risk: int
    pairs: int

    @property
    def same(self) -> bool:
        """Are all its integers the same everywhere, on these pictures?"""
        return self.int8_share == 1 and self.at_risk == 0

    def __str__(self) -> str:
        return (
            f"{self.int8_share:.0%} of the multiplications in integers, {self.at_risk:,} pairs "
            "beyond INT16"
        )


def on_every_cpu(content: bytes, x: np.ndarray) -> EveryCpu:
    """Look at what the runtime made of an .onnx file, and simulate its sums in pairs of 16 bits.

    Parameters
    ----------
    content : bytes
    x : float32 array (N, C, H, W)
        Pictures as the model reads them.
    """
    import onnx

    from quantlab.deploy import precision_report, saturation_report

    model = onnx.load_from_string(content)
    found = saturation_report(model, x)
    share = precision_report(model, profile=False).macs_share("INT8")
    return EveryCpu(share, found.at_risk, found.pairs)
