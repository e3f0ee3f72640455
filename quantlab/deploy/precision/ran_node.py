"""A node that the runtime runs, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NodePrecision:
    """One node that ONNX Runtime runs.

    Attributes
    ----------
    name, operator : str
        As in the graph that runs, "QLinearConv" for example.
    layer : str
        The node of the file whose work it does; "" for one that the runtime inserted.
    label : str
        What to call it: the layer's path in the torch model where the file says it, else `layer`;
        for a conversion, the layer whose output or weights it converts. "" for an inserted one.
    precision : str
        "INT8", "layout" (converts or moves numbers) or "FP32".
    macs : int
        Multiply-accumulates.
    seconds : float or None
        Time of one run; None where nothing was measured.
    kind, reason : str
        Why it is not what one expects: in FP32, or quantized though the file keeps it float.
        `kind` groups alike ones. "" where there is nothing to explain.
    """

    name: str
    operator: str
    layer: str
    label: str
    precision: str
    macs: int
    seconds: float | None
    kind: str
    reason: str
